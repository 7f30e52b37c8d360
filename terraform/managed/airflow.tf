# MWAA starts the batch run at noon. The run itself is a task of ECS: MWAA's workers have no Java and little memory.
locals {
  airflow_count = local.with_airflow ? 1 : 0
  airflow_arn   = "arn:${local.partition}:airflow:${var.region}:${local.account}:environment/${local.name}"
  is_micro      = var.airflow_class == "mw1.micro"

  batch_settings = {
    PIPELINE_SERVICE = "batch-cleaner"
    POSTGRES_HOST    = var.postgres_host
    POSTGRES_PORT    = tostring(local.postgres_port)
    SPARK_MASTER     = "local[*]"
  }

  # The DAG reads them as AIRFLOW__PINTEREST__...
  dag_options = local.with_airflow ? {
    "pinterest.region"          = var.region
    "pinterest.cluster"         = aws_ecs_cluster.pipeline.name
    "pinterest.task_definition" = aws_ecs_task_definition.task["batch"].family
    "pinterest.subnets"         = join(",", values(aws_subnet.private)[*].id)
    "pinterest.security_group"  = aws_security_group.group["batch"].id
    "pinterest.log_group"       = aws_cloudwatch_log_group.part["batch"].name
  } : {}
}

resource "aws_s3_bucket" "airflow" {
  count         = local.airflow_count
  bucket        = "${local.name}-airflow"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "airflow" {
  count                   = local.airflow_count
  bucket                  = aws_s3_bucket.airflow[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# MWAA asks for it.
resource "aws_s3_bucket_versioning" "airflow" {
  count  = local.airflow_count
  bucket = aws_s3_bucket.airflow[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "airflow" {
  count  = local.airflow_count
  bucket = aws_s3_bucket.airflow[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_object" "dag" {
  count  = local.airflow_count
  bucket = aws_s3_bucket.airflow[0].id
  key    = "dags/pinterest_batch.py"
  source = "${path.module}/dags/pinterest_batch.py"
  etag   = filemd5("${path.module}/dags/pinterest_batch.py")
}

resource "aws_mwaa_environment" "pipeline" {
  count                 = local.airflow_count
  name                  = local.name
  airflow_version       = var.airflow_version
  environment_class     = var.airflow_class
  schedulers            = local.is_micro ? 1 : 2
  min_webservers        = local.is_micro ? 1 : 2
  max_webservers        = local.is_micro ? 1 : 2
  min_workers           = 1
  max_workers           = 1
  webserver_access_mode = var.airflow_webserver_access

  source_bucket_arn             = aws_s3_bucket.airflow[0].arn
  dag_s3_path                   = "dags/"
  airflow_configuration_options = merge({ "core.load_examples" = "False" }, local.dag_options)
  execution_role_arn            = aws_iam_role.airflow[0].arn

  network_configuration {
    subnet_ids         = slice(values(aws_subnet.private)[*].id, 0, 2) # two, never three
    security_group_ids = [aws_security_group.group["airflow"].id]
  }

  logging_configuration {
    dag_processing_logs {
      enabled   = true
      log_level = "WARNING"
    }
    scheduler_logs {
      enabled   = true
      log_level = "WARNING"
    }
    task_logs {
      enabled   = true
      log_level = "INFO"
    }
    webserver_logs {
      enabled   = true
      log_level = "WARNING"
    }
    worker_logs {
      enabled   = true
      log_level = "WARNING"
    }
  }

  depends_on = [
    aws_iam_role_policy.airflow,
    aws_s3_bucket_public_access_block.airflow,
    aws_s3_bucket_versioning.airflow,
    aws_route.nat,
  ]
}

resource "aws_iam_role" "airflow" {
  count = local.airflow_count
  name  = "${local.name}-airflow"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"] }
    }]
  })
}

resource "aws_iam_role_policy" "airflow" {
  count  = local.airflow_count
  name   = "airflow"
  role   = aws_iam_role.airflow[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.mwaa_statements, local.dag_statements) })
}

# Its task `landed` asks how far Kafka is.
resource "aws_iam_role_policy" "batch" {
  count  = local.airflow_count
  name   = "kafka"
  role   = aws_iam_role.task["batch"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.batch_statements })
}

# The batch run's rights in S3 are those that terraform/shared states, and tests against the calls that the job makes.
resource "aws_iam_role_policy_attachment" "batch" {
  count      = local.airflow_count
  role       = aws_iam_role.task["batch"].name
  policy_arn = "arn:${local.partition}:iam::${local.account}:policy/${local.name}-batch"
}
