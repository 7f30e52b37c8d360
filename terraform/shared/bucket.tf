# Landing zone, Delta tables and checkpoints. Versioning stays off: nothing reads an older version, since Delta keeps its
# own, and the streaming writer's checkpoints would leave one of each small file.
resource "aws_s3_bucket" "pipeline" {
  bucket        = "user-${var.user_id}-bucket"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "pipeline" {
  bucket                  = aws_s3_bucket.pipeline.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "pipeline" {
  bucket = aws_s3_bucket.pipeline.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "pipeline" {
  bucket = aws_s3_bucket.pipeline.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "pipeline" {
  bucket = aws_s3_bucket.pipeline.id

  # What a killed writer has begun is stored, and paid for, until it is aborted.
  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"

    filter {
      prefix = ""
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  dynamic "rule" {
    for_each = var.landing_days > 0 ? [var.landing_days] : []
    content {
      id     = "expire-landing-zone"
      status = "Enabled"

      filter {
        prefix = "topics/"
      }

      expiration {
        days = rule.value
      }
    }
  }
}
