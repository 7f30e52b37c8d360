terraform {
  required_version = ">= 1.9"

  # A team's is elsewhere: terraform/README.md.
  backend "local" {}

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region            = var.region
  s3_use_path_style = true # which LocalStack understands too

  # LocalStack is one address for all services.
  dynamic "endpoints" {
    for_each = var.endpoint_url == "" ? [] : [var.endpoint_url]
    content {
      apigateway = endpoints.value
      iam        = endpoints.value
      kinesis    = endpoints.value
      s3         = endpoints.value
      sts        = endpoints.value
    }
  }

  default_tags {
    tags = {
      Pipeline  = "pinterest-${var.user_id}"
      ManagedBy = "terraform" # provisioning leaves an API with this tag alone
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
