"""What travels between the rooms: plain data, without input, output or logging."""
