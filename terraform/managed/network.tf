# A VPC of its own. Everything runs in private subnets; a public one is there for the NAT gateway alone.
locals {
  zones    = slice(data.aws_availability_zones.current.names, 0, var.zones)
  with_nat = var.egress == "nat"

  # What Fargate pulls images from and logs to, and where secrets are.
  interface_endpoints = local.with_nat ? [] : ["ecr.api", "ecr.dkr", "logs", "secretsmanager"]
}

resource "aws_vpc" "pipeline" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # for the private names of interface endpoints and of MSK

  tags = { Name = local.name }
}

# The group that AWS gives to whatever names none: it lets nothing in and nothing out.
resource "aws_default_security_group" "pipeline" {
  vpc_id = aws_vpc.pipeline.id
}

resource "aws_subnet" "private" {
  for_each = { for index, zone in local.zones : zone => index }

  vpc_id            = aws_vpc.pipeline.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.vpc_cidr, 4, each.value)

  tags = { Name = "${local.name}-private-${each.key}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.pipeline.id

  tags = { Name = "${local.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# S3 without a way out; it costs nothing.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.pipeline.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]

  tags = { Name = "${local.name}-s3" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(local.interface_endpoints)

  vpc_id              = aws_vpc.pipeline.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = values(aws_subnet.private)[*].id
  security_group_ids  = [aws_security_group.group["endpoints"].id]
  private_dns_enabled = true

  tags = { Name = "${local.name}-${each.key}" }
}

resource "aws_internet_gateway" "pipeline" {
  count  = local.with_nat ? 1 : 0
  vpc_id = aws_vpc.pipeline.id

  tags = { Name = local.name }
}

resource "aws_subnet" "public" {
  count             = local.with_nat ? 1 : 0
  vpc_id            = aws_vpc.pipeline.id
  availability_zone = local.zones[0]
  cidr_block        = cidrsubnet(var.vpc_cidr, 8, 255)

  tags = { Name = "${local.name}-public" }
}

resource "aws_route_table" "public" {
  count  = local.with_nat ? 1 : 0
  vpc_id = aws_vpc.pipeline.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.pipeline[0].id
  }

  tags = { Name = "${local.name}-public" }
}

resource "aws_route_table_association" "public" {
  count          = local.with_nat ? 1 : 0
  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  count  = local.with_nat ? 1 : 0
  domain = "vpc"

  tags = { Name = "${local.name}-nat" }
}

# One for all zones: where its zone is down, so is the way out. A second one would double the price.
resource "aws_nat_gateway" "pipeline" {
  count         = local.with_nat ? 1 : 0
  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id

  tags = { Name = local.name }

  depends_on = [aws_internet_gateway.pipeline]
}

resource "aws_route" "nat" {
  count                  = local.with_nat ? 1 : 0
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.pipeline[0].id
}
