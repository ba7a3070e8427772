"""Singer target that loads Amazon Redshift by COPY from S3."""
