terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Pipeline  = local.name
      ManagedBy = "terraform"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "current" {
  state = "available"
}

locals {
  name       = "pinterest-${var.user_id}"
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  bucket     = "user-${var.user_id}-bucket" # terraform/shared makes it
  bucket_arn = "arn:${local.partition}:s3:::${local.bucket}"
}
