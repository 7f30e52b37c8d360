# Fargate runs the containers; this is what all of them share.
locals {
  images = { for name, repository in aws_ecr_repository.image : name => "${repository.repository_url}:${var.image_tag}" }

  # The settings of every container. Keys of AWS are none of them: each task has a role.
  settings = {
    PIPELINE_ENVIRONMENT = "composed" # keeps where ECS has the role's keys
    USER_ID              = var.user_id
    AWS_REGION           = var.region
    AWS_ENDPOINT_URL     = ""
    # Asked for by the settings, and looked at by the checks of a local stack alone.
    KAFKA_CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAA"
  }
  kafka_settings = {
    KAFKA_BOOTSTRAP_SERVERS = local.bootstrap_servers
    KAFKA_SECURITY          = "iam"
  }

  all_containers = {
    rest-proxy = {
      image    = "app"
      cpu      = 256
      memory   = 512
      log      = "rest-proxy"
      command  = ["python", "-m", "services.rest_proxy"]
      ports    = [local.rest_proxy_port]
      secrets  = []
      settings = merge(local.kafka_settings, local.rest_proxy_settings)
    }
    # Run once, by hand, before the first record.
    topics = {
      image    = "app"
      cpu      = 256
      memory   = 512
      log      = "rest-proxy"
      command  = ["python", "-c", local.make_topics]
      ports    = []
      secrets  = []
      settings = merge(local.kafka_settings, { PIPELINE_SERVICE = "provision" })
    }
    batch = {
      image    = "spark"
      cpu      = 1024
      memory   = 4096
      log      = "batch"
      command  = ["python", "-m", "spark_jobs.batch"]
      ports    = []
      secrets  = ["BATCH_WRITER_PASSWORD", "ANALYST_PASSWORD"]
      settings = merge(local.kafka_settings, local.batch_settings)
    }
  }
  containers = { for name, container in local.all_containers : name => container if name != "batch" || local.with_airflow }
}

resource "aws_ecs_cluster" "pipeline" {
  name = local.name
}

resource "aws_ecs_task_definition" "task" {
  for_each = local.containers

  family                   = "${local.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  task_role_arn            = aws_iam_role.task[each.key].arn
  execution_role_arn       = aws_iam_role.execution.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  container_definitions = jsonencode([{
    name         = each.key
    image        = local.images[each.value.image]
    essential    = true
    command      = each.value.command
    environment  = [for name, value in merge(local.settings, each.value.settings) : { name = name, value = value }]
    secrets      = [for name in each.value.secrets : { name = name, valueFrom = "${aws_secretsmanager_secret.postgres[0].arn}:${name}::" }]
    portMappings = [for port in each.value.ports : { containerPort = port, protocol = "tcp" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.part[each.value.log].name
        awslogs-region        = var.region
        awslogs-stream-prefix = each.key
      }
    }
  }])
}

data "aws_iam_policy_document" "ecs" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# What a container itself may do.
resource "aws_iam_role" "task" {
  for_each = local.containers

  name               = "${local.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.ecs.json
}

# What ECS does before it starts one: pull the image, open the log, fetch the secrets.
resource "aws_iam_role" "execution" {
  name               = "${local.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.ecs.json
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.execution_statements })
}

locals {
  execution_statements = concat(
    [
      # ECR has no such right on single repositories.
      { Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
      {
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = values(aws_ecr_repository.image)[*].arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [for group in aws_cloudwatch_log_group.part : "${group.arn}:*"]
      },
    ],
    [for secret in aws_secretsmanager_secret.postgres : {
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [secret.arn]
    }],
  )
}
