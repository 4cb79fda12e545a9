# Creates a function and a topic that is notified of its failures, with Huawei Cloud's provider.
# The provider cannot create Sendoff's agencies, so create one first.
# $API and $TOKEN are those of the README:
#   curl -X PUT $API/sendoff/agencies/terraform \
#     -H "X-Auth-Token: $TOKEN" -H 'Content-Type: application/json' \
#     -d '{"grants": [{"type": "SMN", "resource": "*"}]}'
#   cd examples/terraform && terraform init && terraform apply
terraform {
  required_providers {
    huaweicloud = {
      source  = "huaweicloud/huaweicloud"
      version = ">= 1.80.0"
    }
  }
}

variable "data_dir" { default = "../../.sendoff" } # SENDOFF_DATA_DIR

locals {
  credentials = sensitive(jsondecode(file("${var.data_dir}/credentials.json")))
  url         = "${jsondecode(file("${var.data_dir}/running.json")).url}/"
}

provider "huaweicloud" {
  region                  = "local" # SENDOFF_REGION
  access_key              = local.credentials.accessKey
  secret_key              = local.credentials.secretKey
  project_id              = local.credentials.projectId
  domain_id               = local.credentials.projectId
  skip_check_website_type = true
  skip_check_upgrade      = true
  endpoints = {
    fgs = local.url
    smn = local.url
    iam = local.url
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
  agency                = "terraform"
  functiongraph_version = "v2"
}

resource "huaweicloud_smn_topic" "failures" {
  name = "from-terraform"
}

resource "huaweicloud_fgs_async_invoke_configuration" "hello" {
  function_urn                   = huaweicloud_fgs_function.hello.urn
  max_async_event_age_in_seconds = 600
  max_async_retry_attempts       = 2
  enable_async_status_log        = false

  on_failure {
    destination = "SMN"
    param       = jsonencode({ topic_urn = huaweicloud_smn_topic.failures.id })
  }
}
