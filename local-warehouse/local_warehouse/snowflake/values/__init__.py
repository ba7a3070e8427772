"""What a value of each type is: types, dates and times, semi-structured values."""
