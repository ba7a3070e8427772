"""HTTP requests, logins and sessions: who runs which statement."""
