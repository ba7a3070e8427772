"""COPY: files of S3 become rows and load errors."""
