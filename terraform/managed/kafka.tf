# MSK, which lets nobody in but by IAM, over TLS, from inside the VPC.
locals {
  is_serverless     = var.kafka == "serverless"
  cluster_arn       = local.is_serverless ? aws_msk_serverless_cluster.pipeline[0].arn : aws_msk_cluster.pipeline[0].arn
  bootstrap_servers = local.is_serverless ? aws_msk_serverless_cluster.pipeline[0].bootstrap_brokers_sasl_iam : aws_msk_cluster.pipeline[0].bootstrap_brokers_sasl_iam

  # arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>, and the same with topic/ and group/ and a name at its end.
  topic_prefix = replace(local.cluster_arn, ":cluster/", ":topic/")
  group_prefix = replace(local.cluster_arn, ":cluster/", ":group/")

  table_topics    = [for table in ["pin", "geo", "user"] : "${var.user_id}.${table}"]
  pin_topics      = ["pinterest-batch", "pinterest-streaming"] # of POST /pin/
  table_topic_arn = [for topic in local.table_topics : "${local.topic_prefix}/${topic}"]
  topic_arns      = [for topic in concat(local.table_topics, local.pin_topics) : "${local.topic_prefix}/${topic}"]
}

resource "aws_msk_serverless_cluster" "pipeline" {
  count        = local.is_serverless ? 1 : 0
  cluster_name = local.name

  # It is encrypted at rest and in transit, whatever one says.
  client_authentication {
    sasl {
      iam {
        enabled = true
      }
    }
  }

  vpc_config {
    subnet_ids         = values(aws_subnet.private)[*].id
    security_group_ids = [aws_security_group.group["kafka"].id]
  }
}

resource "aws_msk_configuration" "pipeline" {
  count          = local.is_serverless ? 0 : 1
  name           = local.name
  kafka_versions = [var.kafka_version]

  # A topic is made by the task below, with its retention, never by a client's typing error.
  server_properties = <<-PROPERTIES
    auto.create.topics.enable=false
    default.replication.factor=${var.zones}
    min.insync.replicas=1
    num.partitions=1
  PROPERTIES
}

resource "aws_msk_cluster" "pipeline" {
  count                  = local.is_serverless ? 0 : 1
  cluster_name           = local.name
  kafka_version          = var.kafka_version
  number_of_broker_nodes = var.zones

  broker_node_group_info {
    instance_type   = var.kafka_instance_type
    client_subnets  = values(aws_subnet.private)[*].id
    security_groups = [aws_security_group.group["kafka"].id]

    connectivity_info {
      public_access {
        type = "DISABLED"
      }
    }

    storage_info {
      ebs_storage_info {
        volume_size = var.kafka_storage_gb
      }
    }
  }

  client_authentication {
    unauthenticated = false

    sasl {
      iam   = true
      scram = false
    }
  }

  # At rest with the key that AWS keeps for MSK in this account.
  encryption_info {
    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.pipeline[0].arn
    revision = aws_msk_configuration.pipeline[0].latest_revision
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.part["kafka"].name
      }
    }
  }
}
