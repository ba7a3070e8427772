"""S3 and STS: the server with what AWS refuses, and how a warehouse reads objects."""
