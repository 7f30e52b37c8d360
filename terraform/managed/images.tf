# The pipeline's own images, which you build here and push there: app for the REST proxy, spark for the batch run.
resource "aws_ecr_repository" "image" {
  for_each = toset(concat(["app"], local.with_airflow ? ["spark"] : []))

  name         = "${local.name}/${each.key}"
  force_delete = var.force_destroy

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

# Each push leaves the image before it without a tag, stored and paid for.
resource "aws_ecr_lifecycle_policy" "image" {
  for_each   = aws_ecr_repository.image
  repository = each.value.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Images that a later push has replaced"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 1 }
      action       = { type = "expire" }
    }]
  })
}
