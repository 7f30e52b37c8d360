# MSK Connect: Confluent's S3 sink, from the three topics into the landing zone.
locals {
  connector_properties = templatefile("${path.module}/connector.properties.tftpl", {
    user_id    = var.user_id
    bucket     = local.bucket
    region     = var.region
    flush_size = var.sink_flush_size
    rotate_ms  = var.sink_rotate_ms
  })

  # MSK Connect takes a map.
  connector_lines = [for line in split("\n", local.connector_properties) : line if line != "" && !startswith(line, "#")]
  connector       = { for line in local.connector_lines : split("=", line)[0] => join("=", slice(split("=", line), 1, length(split("=", line)))) }
}

resource "aws_mskconnect_custom_plugin" "sink" {
  name         = local.name
  description  = "Confluent's S3 sink connector"
  content_type = "ZIP"

  location {
    s3 {
      bucket_arn = local.bucket_arn
      file_key   = var.sink_plugin_key
    }
  }
}

resource "aws_mskconnect_worker_configuration" "sink" {
  name = local.name

  properties_file_content = <<-PROPERTIES
    key.converter=${local.connector["key.converter"]}
    value.converter=${local.connector["value.converter"]}
    value.converter.schemas.enable=${local.connector["value.converter.schemas.enable"]}
  PROPERTIES
}

resource "aws_mskconnect_connector" "sink" {
  name                       = "${local.name}-s3-sink"
  kafkaconnect_version       = "3.7.x"
  connector_configuration    = local.connector
  service_execution_role_arn = aws_iam_role.connect.arn

  capacity {
    provisioned_capacity {
      mcu_count    = 1
      worker_count = 1
    }
  }

  kafka_cluster {
    apache_kafka_cluster {
      bootstrap_servers = local.bootstrap_servers

      vpc {
        subnets         = values(aws_subnet.private)[*].id
        security_groups = [aws_security_group.group["connect"].id]
      }
    }
  }

  kafka_cluster_client_authentication {
    authentication_type = "IAM"
  }

  kafka_cluster_encryption_in_transit {
    encryption_type = "TLS"
  }

  log_delivery {
    worker_log_delivery {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.part["connect"].name
      }
    }
  }

  plugin {
    custom_plugin {
      arn      = aws_mskconnect_custom_plugin.sink.arn
      revision = aws_mskconnect_custom_plugin.sink.latest_revision
    }
  }

  worker_configuration {
    arn      = aws_mskconnect_worker_configuration.sink.arn
    revision = aws_mskconnect_worker_configuration.sink.latest_revision
  }

  depends_on = [aws_iam_role_policy.connect]
}

resource "aws_iam_role" "connect" {
  name = "${local.name}-connect"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "kafkaconnect.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "connect" {
  name   = "sink"
  role   = aws_iam_role.connect.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.connect_statements })
}

locals {
  connect_statements = [
    { Effect = "Allow", Action = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"], Resource = [local.cluster_arn] },
    { Effect = "Allow", Action = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], Resource = local.table_topic_arn },
    # Where MSK Connect keeps its workers' offsets, configuration and status.
    {
      Effect   = "Allow"
      Action   = ["kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:ReadData", "kafka-cluster:WriteData"]
      Resource = ["${local.topic_prefix}/__amazon_msk_connect_*"]
    },
    {
      Effect   = "Allow"
      Action   = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"]
      Resource = ["${local.group_prefix}/__amazon_msk_connect_*", "${local.group_prefix}/connect-*"]
    },
    {
      Effect   = "Allow"
      Action   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
      Resource = [local.bucket_arn]
    },
    {
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
      Resource = ["${local.bucket_arn}/topics/*"]
    },
    { Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${local.bucket_arn}/${var.sink_plugin_key}"] },
  ]
}
