# Who may talk to whom. Rules name groups, not addresses; DNS needs none.
locals {
  with_airflow = var.postgres_host != ""

  groups = merge(
    {
      kafka      = "MSK's brokers"
      connect    = "MSK Connect's workers"
      rest_proxy = "The REST proxy's tasks, and the one that makes the topics"
      balancer   = "The load balancer before the REST proxy"
    },
    local.with_nat ? {} : { endpoints = "The interface endpoints of AWS's services" },
    local.with_airflow ? { batch = "The batch run's task", airflow = "MWAA's schedulers, workers and database" } : {},
  )

  kafka_port      = 9098 # MSK's listener for IAM inside the VPC
  rest_proxy_port = 8082
  postgres_port   = 5432

  # from, to, port
  between = concat(
    [
      ["rest_proxy", "kafka", local.kafka_port],
      ["connect", "kafka", local.kafka_port],
      ["balancer", "rest_proxy", local.rest_proxy_port],
    ],
    local.with_airflow ? [["batch", "kafka", local.kafka_port]] : [],
    local.with_nat ? [] : [["rest_proxy", "endpoints", 443]],
  )

  # Groups that reach S3 by its gateway, and those that go out through the NAT gateway.
  to_s3  = concat(["connect", "rest_proxy"], local.with_airflow ? ["batch"] : [])
  to_all = local.with_nat ? concat(["rest_proxy"], local.with_airflow ? ["airflow", "batch"] : []) : []
}

resource "aws_security_group" "group" {
  for_each = local.groups

  name        = "${local.name}-${replace(each.key, "_", "-")}"
  description = each.value
  vpc_id      = aws_vpc.pipeline.id

  tags = { Name = "${local.name}-${replace(each.key, "_", "-")}" }
}

resource "aws_vpc_security_group_egress_rule" "between" {
  for_each = { for rule in local.between : "${rule[0]} to ${rule[1]}" => rule }

  security_group_id            = aws_security_group.group[each.value[0]].id
  referenced_security_group_id = aws_security_group.group[each.value[1]].id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value[2]
  to_port                      = each.value[2]
}

resource "aws_vpc_security_group_ingress_rule" "between" {
  for_each = { for rule in local.between : "${rule[0]} to ${rule[1]}" => rule }

  security_group_id            = aws_security_group.group[each.value[1]].id
  referenced_security_group_id = aws_security_group.group[each.value[0]].id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value[2]
  to_port                      = each.value[2]
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = toset(local.to_s3)

  security_group_id = aws_security_group.group[each.key].id
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  description       = "S3, by its gateway endpoint"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(local.to_all)

  security_group_id = aws_security_group.group[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "AWS's services, through the NAT gateway"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "postgres" {
  count = local.with_airflow ? 1 : 0

  security_group_id = aws_security_group.group["batch"].id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "Postgres, wherever postgres_host is"
  ip_protocol       = "tcp"
  from_port         = local.postgres_port
  to_port           = local.postgres_port
}

# MWAA asks that its parts may talk to each other on every port.
resource "aws_vpc_security_group_ingress_rule" "airflow" {
  count = local.with_airflow ? 1 : 0

  security_group_id            = aws_security_group.group["airflow"].id
  referenced_security_group_id = aws_security_group.group["airflow"].id
  description                  = "airflow to airflow"
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "airflow" {
  count = local.with_airflow ? 1 : 0

  security_group_id            = aws_security_group.group["airflow"].id
  referenced_security_group_id = aws_security_group.group["airflow"].id
  description                  = "airflow to airflow"
  ip_protocol                  = "-1"
}
