# Our REST proxy before MSK, which API Gateway reaches by a VPC link: nothing of it is on the internet. It is ours and not
# Confluent's, since the answers of docs/contracts.md are its own, it speaks IAM to MSK, and 512 MB do.
locals {
  rest_proxy_url = "http://${aws_lb.rest_proxy.dns_name}:${local.rest_proxy_port}"

  rest_proxy_settings = {
    PIPELINE_SERVICE = "rest-proxy"
    REST_PROXY_HOST  = "0.0.0.0"
    REST_PROXY_PORT  = tostring(local.rest_proxy_port)
    ALLOWED_HOSTS    = aws_lb.rest_proxy.dns_name # the name by which API Gateway asks
  }

  make_topics = "from common.settings import load_settings; from services.provision import topics; settings = load_settings(); topics.ensure_topics(settings); topics.ensure_pin_topics(settings)"
}

resource "aws_ecs_service" "rest_proxy" {
  name            = "rest-proxy"
  cluster         = aws_ecs_cluster.pipeline.id
  task_definition = aws_ecs_task_definition.task["rest-proxy"].arn
  desired_count   = var.rest_proxy_tasks
  launch_type     = "FARGATE"

  network_configuration {
    subnets          = values(aws_subnet.private)[*].id
    security_groups  = [aws_security_group.group["rest_proxy"].id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.rest_proxy.arn
    container_name   = "rest-proxy"
    container_port   = local.rest_proxy_port
  }

  depends_on = [aws_lb_listener.rest_proxy]
}

# Its name may have 32 characters, as many as user_id.
resource "aws_lb" "rest_proxy" {
  name               = var.user_id
  internal           = true
  load_balancer_type = "network"
  subnets            = values(aws_subnet.private)[*].id
  security_groups    = [aws_security_group.group["balancer"].id]

  # Its group lets nobody in; what comes by the VPC link is let in beside it, and nothing else is.
  enforce_security_group_inbound_rules_on_private_link_traffic = "off"
}

resource "aws_lb_target_group" "rest_proxy" {
  name                 = var.user_id
  vpc_id               = aws_vpc.pipeline.id
  target_type          = "ip"
  protocol             = "TCP"
  port                 = local.rest_proxy_port
  preserve_client_ip   = false # so that a task knows the balancer's group alone
  deregistration_delay = 45    # what is in flight is acknowledged first, as stop_grace_period in docker-compose.yml has it

  health_check {
    protocol = "HTTP"
    path     = "/health"
  }
}

resource "aws_lb_listener" "rest_proxy" {
  load_balancer_arn = aws_lb.rest_proxy.arn
  protocol          = "TCP"
  port              = local.rest_proxy_port

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.rest_proxy.arn
  }
}

resource "aws_api_gateway_vpc_link" "rest_proxy" {
  name        = local.name
  description = "API Gateway's way to the REST proxy"
  target_arns = [aws_lb.rest_proxy.arn]
}

resource "aws_iam_role_policy" "rest_proxy" {
  name   = "kafka"
  role   = aws_iam_role.task["rest-proxy"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.rest_proxy_statements })
}

resource "aws_iam_role_policy" "topics" {
  name   = "kafka"
  role   = aws_iam_role.task["topics"].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.topics_statements })
}

locals {
  rest_proxy_statements = [
    {
      Effect   = "Allow"
      Action   = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"]
      Resource = [local.cluster_arn]
    },
    {
      Effect   = "Allow"
      Action   = ["kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration", "kafka-cluster:WriteData"]
      Resource = local.topic_arns
    },
  ]
  topics_statements = [
    { Effect = "Allow", Action = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"], Resource = [local.cluster_arn] },
    { Effect = "Allow", Action = ["kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic"], Resource = local.topic_arns },
  ]
}
