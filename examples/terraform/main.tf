# A function, its asynchronous configuration and the places it may use, by Huawei Cloud's own provider.
#   terraform init && terraform apply -var-file=<(jq '{access_key: .accessKey, secret_key: .secretKey, project_id: .projectId}' .sendoff/credentials.json)
terraform {
  required_providers {
    huaweicloud = {
      source  = "huaweicloud/huaweicloud"
      version = ">= 1.80.0"
    }
  }
}

variable "access_key" { sensitive = true }
variable "secret_key" { sensitive = true }
variable "project_id" {}
variable "url" { default = "http://127.0.0.1:8700/" }

provider "huaweicloud" {
  region                  = "local" # SENDOFF_REGION
  access_key              = var.access_key
  secret_key              = var.secret_key
  project_id              = var.project_id
  domain_id               = var.project_id
  skip_check_website_type = true
  skip_check_upgrade      = true
  endpoints = {
    fgs = var.url
    smn = var.url
    iam = var.url
  }
}

resource "huaweicloud_fgs_function" "hello" {
  name                  = "from-terraform"
  app                   = "default"
  runtime               = "Node.js18.15"
  handler               = "index.handler"
  timeout               = 10
  memory_size           = 128
  code_type             = "inline"
  func_code             = base64encode("exports.handler = async (event) => `hello $${event.name}`;")
  agency                = "results" # made with PUT /v2/<project>/sendoff/agencies/results
  functiongraph_version = "v2"
}

resource "huaweicloud_smn_topic" "results" {
  name = "from-terraform"
}

resource "huaweicloud_fgs_async_invoke_configuration" "hello" {
  function_urn                   = huaweicloud_fgs_function.hello.urn
  max_async_event_age_in_seconds = 600
  max_async_retry_attempts       = 2
  enable_async_status_log        = false

  on_failure {
    destination = "SMN"
    param       = jsonencode({ topic_urn = huaweicloud_smn_topic.results.id })
  }
}
