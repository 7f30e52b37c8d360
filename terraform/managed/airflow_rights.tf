locals {
  # What MWAA's execution role must be allowed, by its User Guide.
  mwaa_statements = [
    { Effect = "Allow", Action = ["airflow:PublishMetrics"], Resource = [local.airflow_arn] },
    {
      Effect   = "Allow"
      Action   = ["s3:GetObject*", "s3:GetBucket*", "s3:List*"]
      Resource = flatten([for arn in aws_s3_bucket.airflow[*].arn : [arn, "${arn}/*"]])
    },
    {
      Effect = "Allow"
      Action = [
        "logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutLogEvents", "logs:GetLogEvents",
        "logs:GetLogRecord", "logs:GetLogGroupFields", "logs:GetQueryResults",
      ]
      Resource = ["arn:${local.partition}:logs:${var.region}:${local.account}:log-group:airflow-${local.name}-*"]
    },
    # None of these is a right on a single thing.
    { Effect = "Allow", Action = ["logs:DescribeLogGroups", "cloudwatch:PutMetricData", "s3:GetAccountPublicAccessBlock"], Resource = ["*"] },
    # MWAA's queue is in an account of AWS's own.
    {
      Effect = "Allow"
      Action = [
        "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage",
      ]
      Resource = ["arn:${local.partition}:sqs:${var.region}:*:airflow-celery-*"]
    },
    # And so is its key: never one of this account.
    {
      Effect      = "Allow"
      Action      = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"]
      NotResource = ["arn:${local.partition}:kms:*:${local.account}:key/*"]
      Condition   = { StringLike = { "kms:ViaService" = ["sqs.${var.region}.amazonaws.com"] } }
    },
  ]

  batch_statements = [
    { Effect = "Allow", Action = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"], Resource = [local.cluster_arn] },
    { Effect = "Allow", Action = ["kafka-cluster:DescribeTopic"], Resource = local.table_topic_arn },
    { Effect = "Allow", Action = ["kafka-cluster:DescribeGroup"], Resource = ["${local.group_prefix}/${var.user_id}-operations"] },
  ]

  # What the DAG does: start the batch run, watch it, stop it, show its log.
  dag_statements = [
    {
      Effect    = "Allow"
      Action    = ["ecs:RunTask"]
      Resource  = [for name, task in aws_ecs_task_definition.task : "${task.arn_without_revision}:*" if name == "batch"]
      Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.pipeline.arn } }
    },
    {
      Effect    = "Allow"
      Action    = ["ecs:DescribeTasks", "ecs:StopTask"]
      Resource  = ["arn:${local.partition}:ecs:${var.region}:${local.account}:task/${local.name}/*"]
      Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.pipeline.arn } }
    },
    {
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = concat([aws_iam_role.execution.arn], [for name, role in aws_iam_role.task : role.arn if name == "batch"])
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
    { Effect = "Allow", Action = ["logs:GetLogEvents"], Resource = [for name, group in aws_cloudwatch_log_group.part : "${group.arn}:*" if name == "batch"] },
  ]
}
