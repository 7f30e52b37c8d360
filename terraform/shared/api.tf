locals {
  # The document that provisioning imports too: `make format` writes it from services/provision/api_definition.py.
  definition = jsondecode(templatefile("${path.module}/api.json.tftpl", {
    title          = "pinterest-${var.user_id}"
    region         = var.region
    role_arn       = aws_iam_role.api.arn
    rest_proxy_url = var.rest_proxy_url
  }))

  schemes = {
    none    = {}
    api_key = { api_key = { type = "apiKey", name = "x-api-key", in = "header" } }
    iam = {
      iam = { type = "apiKey", name = "Authorization", in = "header", x-amazon-apigateway-authtype = "awsSigv4" }
    }
  }
  scheme = local.schemes[var.api_authorization]

  # Inside a VPC the REST proxy is reached by a link.
  link = { for id in [var.vpc_link_id] : "connection" => { connectionType = "VPC_LINK", connectionId = id } if id != "" }
  linked = {
    for path, methods in local.definition.paths : path => {
      for method, operation in methods : method => merge(
        operation,
        {
          for name, link in local.link : "x-amazon-apigateway-integration" =>
          merge(operation["x-amazon-apigateway-integration"], link)
          if operation["x-amazon-apigateway-integration"].type == "http_proxy"
        }
      )
    }
  }

  # Not of the preflight, in which a browser sends neither.
  secured = {
    for path, methods in local.linked : path => {
      for method, operation in methods : method => merge(
        operation,
        { for name in keys(local.scheme) : "security" => [{ (name) = [] }] if method != "options" }
      )
    }
  }

  body = jsonencode(merge(local.definition, {
    paths      = local.secured
    components = merge(local.definition.components, { securitySchemes = local.scheme })
  }))
}

resource "aws_api_gateway_rest_api" "pipeline" {
  name = "pinterest-${var.user_id}"
  body = local.body

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_deployment" "pipeline" {
  rest_api_id = aws_api_gateway_rest_api.pipeline.id
  triggers    = { definition = sha256(local.body) }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "pipeline" {
  rest_api_id   = aws_api_gateway_rest_api.pipeline.id
  deployment_id = aws_api_gateway_deployment.pipeline.id
  stage_name    = var.stage
}

resource "aws_api_gateway_api_key" "caller" {
  count = var.api_authorization == "api_key" ? 1 : 0
  name  = "pinterest-${var.user_id}-caller"
}

resource "aws_api_gateway_usage_plan" "caller" {
  count = var.api_authorization == "api_key" ? 1 : 0
  name  = "pinterest-${var.user_id}-caller"

  api_stages {
    api_id = aws_api_gateway_rest_api.pipeline.id
    stage  = aws_api_gateway_stage.pipeline.stage_name
  }
}

resource "aws_api_gateway_usage_plan_key" "caller" {
  count         = var.api_authorization == "api_key" ? 1 : 0
  key_id        = aws_api_gateway_api_key.caller[0].id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.caller[0].id
}
