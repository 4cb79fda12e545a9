// Drives the official Go SDK over every operation of the compatibility table, unchanged but for the endpoint.
//
// Prints a line of JSON an operation: its name, and why it failed, if it did. Reads SENDOFF_URL, SENDOFF_PROJECT_ID, SENDOFF_ACCESS_KEY
// and SENDOFF_SECRET_KEY.
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	functiongraph "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/functiongraph/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/functiongraph/v2/model"
)

const (
	name     = "from-go"
	jsonType = "application/json"
	source   = "exports.handler = async (event) => { if (event.wait) await new Promise((done) => setTimeout(done, event.wait)); return event; };"
)

func clientWith(secretKey string) *functiongraph.FunctionGraphClient {
	credentials, err := basic.NewCredentialsBuilder().
		WithAk(os.Getenv("SENDOFF_ACCESS_KEY")).WithSk(secretKey).WithProjectId(os.Getenv("SENDOFF_PROJECT_ID")).SafeBuild()
	must(err)
	client, err := functiongraph.FunctionGraphClientBuilder().
		WithCredential(credentials).WithEndpoints([]string{os.Getenv("SENDOFF_URL")}).SafeBuild()
	must(err)
	return functiongraph.NewFunctionGraphClient(client)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func check(holds bool, what string, seen any) {
	if !holds {
		text, _ := json.Marshal(seen)
		panic(fmt.Errorf("%s: %s", what, text))
	}
}

func refused(status int, code string, err error) {
	var refusal *sdkerr.ServiceResponseError
	check(errors.As(err, &refusal), "no refusal", fmt.Sprint(err))
	check(refusal.StatusCode == status && refusal.ErrorCode == code, "another refusal", refusal)
	check(refusal.RequestId != "", "the refusal has no request id", refusal)
}

func pointer[T any](value T) *T { return &value }

func encoded(source string) *model.FuncCode {
	return &model.FuncCode{File: pointer(base64.StdEncoding.EncodeToString([]byte(source)))}
}

func eventually[T any](ask func() (T, bool)) T {
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		answer, isThere := ask()
		if isThere {
			return answer
		}
		check(time.Now().Before(end), "not within 30 s", answer)
	}
}

func main() {
	client := clientWith(os.Getenv("SENDOFF_SECRET_KEY"))

	records := func(request model.ListAsyncInvocationsRequest) []model.ListFunctionAsyncInvocationsResult {
		request.FunctionUrn, request.ContentType = name, jsonType
		page, err := client.ListAsyncInvocations(&request)
		must(err)
		return *page.Invocations
	}
	ended := func(requestId string) model.ListFunctionAsyncInvocationsResult {
		return eventually(func() (model.ListFunctionAsyncInvocationsResult, bool) {
			for _, record := range records(model.ListAsyncInvocationsRequest{RequestId: &requestId}) {
				status := record.Status.Value()
				return record, status != "WAIT" && status != "RUNNING"
			}
			return model.ListFunctionAsyncInvocationsResult{}, false
		})
	}
	invoke := func(event map[string]interface{}) string {
		answer, err := client.AsyncInvokeFunction(&model.AsyncInvokeFunctionRequest{FunctionUrn: name, ContentType: jsonType, Body: event})
		must(err)
		return *answer.RequestId
	}

	operations := []struct {
		name string
		run  func()
	}{
		{"wrong_secret", func() {
			_, err := clientWith("another secret").ListFunctions(&model.ListFunctionsRequest{ContentType: jsonType})
			refused(401, "APIG.0301", err)
		}},
		{"create_function", func() {
			body := &model.CreateFunctionRequestBody{
				FuncName: name, Package: "default", Runtime: model.GetCreateFunctionRequestBodyRuntimeEnum().NODE_JS18_15,
				Handler: "index.handler", Timeout: 30, MemorySize: 128,
				CodeType: pointer(model.GetCreateFunctionRequestBodyCodeTypeEnum().INLINE), FuncCode: encoded(source),
			}
			made, err := client.CreateFunction(&model.CreateFunctionRequest{ContentType: jsonType, Body: body})
			must(err)
			check(strings.HasSuffix(*made.FuncUrn, ":function:default:from-go:latest"), "another URN", made)
			_, err = client.CreateFunction(&model.CreateFunctionRequest{ContentType: jsonType, Body: body})
			refused(409, "FSS.1061", err)
		}},
		{"list_functions", func() {
			page, err := client.ListFunctions(&model.ListFunctionsRequest{ContentType: jsonType, Maxitems: pointer("400")})
			must(err)
			check(len(*page.Functions) == 1, "not one function", page)
		}},
		{"show_function_config", func() {
			shown, err := client.ShowFunctionConfig(&model.ShowFunctionConfigRequest{FunctionUrn: name, ContentType: jsonType})
			must(err)
			check(*shown.Timeout == 30 && *shown.MemorySize == 128, "another config", shown)
			_, err = client.ShowFunctionConfig(&model.ShowFunctionConfigRequest{FunctionUrn: "absent", ContentType: jsonType})
			refused(404, "FSS.1051", err)
		}},
		{"update_function_config", func() {
			changed, err := client.UpdateFunctionConfig(&model.UpdateFunctionConfigRequest{
				FunctionUrn: name, ContentType: jsonType,
				Body: &model.UpdateFunctionConfigRequestBody{
					FuncName: name, Runtime: model.GetUpdateFunctionConfigRequestBodyRuntimeEnum().NODE_JS18_15,
					Handler: "index.handler", Timeout: 30, MemorySize: 128,
					StrategyConfig: &model.StrategyConfig{Concurrency: 10, ConcurrentNum: 5},
				},
			})
			must(err)
			check(changed.StrategyConfig.ConcurrentNum == 5, "not changed", changed)
		}},
		{"show_function_code", func() {
			shown, err := client.ShowFunctionCode(&model.ShowFunctionCodeRequest{FunctionUrn: name, ContentType: jsonType})
			must(err)
			check(*shown.FuncCode.File == *encoded(source).File, "another code", shown)
		}},
		{"update_function_code", func() {
			changed, err := client.UpdateFunctionCode(&model.UpdateFunctionCodeRequest{
				FunctionUrn: name, ContentType: jsonType,
				Body: &model.UpdateFunctionCodeRequestBody{
					CodeType: model.GetUpdateFunctionCodeRequestBodyCodeTypeEnum().INLINE, FuncCode: encoded(source + " "),
				},
			})
			must(err)
			check(*changed.Digest != "", "no digest", changed)
		}},
		{"update_function_max_instance_config", func() {
			changed, err := client.UpdateFunctionMaxInstanceConfig(&model.UpdateFunctionMaxInstanceConfigRequest{
				FunctionUrn: name, ContentType: jsonType, Body: &model.UpdateFunctionMaxInstanceConfigRequestBody{MaxInstanceNum: pointer(int32(20))},
			})
			must(err)
			check(changed.StrategyConfig.Concurrency == 20, "not changed", changed)
		}},
		{"create_function_version", func() {
			made, err := client.CreateFunctionVersion(&model.CreateFunctionVersionRequest{
				FunctionUrn: name, ContentType: jsonType, Body: &model.CreateFunctionVersionRequestBody{Version: pointer("v1")},
			})
			must(err)
			check(*made.Version == "v1", "another version", made)
		}},
		{"list_function_versions", func() {
			page, err := client.ListFunctionVersions(&model.ListFunctionVersionsRequest{FunctionUrn: name, ContentType: jsonType})
			must(err)
			check(len(*page.Versions) == 2, "not two versions", page)
		}},
		{"create_version_alias", func() {
			made, err := client.CreateVersionAlias(&model.CreateVersionAliasRequest{
				FunctionUrn: name, ContentType: jsonType, Body: &model.CreateVersionAliasRequestBody{Name: "prod", Version: "v1"},
			})
			must(err)
			check(strings.HasSuffix(*made.AliasUrn, ":!prod"), "another alias", made)
		}},
		{"list_version_aliases", func() {
			page, err := client.ListVersionAliases(&model.ListVersionAliasesRequest{FunctionUrn: name, ContentType: jsonType})
			must(err)
			check(len(*page.Body) == 1, "not one alias", page)
		}},
		{"show_version_alias", func() {
			shown, err := client.ShowVersionAlias(&model.ShowVersionAliasRequest{FunctionUrn: name, AliasName: "prod", ContentType: jsonType})
			must(err)
			check(*shown.Version == "v1", "another version", shown)
		}},
		{"update_version_alias", func() {
			changed, err := client.UpdateVersionAlias(&model.UpdateVersionAliasRequest{
				FunctionUrn: name, AliasName: "prod", ContentType: jsonType,
				Body: &model.UpdateVersionAliasRequestBody{Version: "v1", Description: pointer("changed")},
			})
			must(err)
			check(*changed.Description == "changed", "not changed", changed)
		}},
		{"invoke_function", func() {
			answer, err := client.InvokeFunction(&model.InvokeFunctionRequest{
				FunctionUrn: name, ContentType: jsonType, XCffLogType: pointer("tail"), XCFFRequestVersion: pointer("v1"),
				Body: map[string]interface{}{"key": "héllo"},
			})
			must(err)
			check(*answer.Result == `{"key":"héllo"}` && *answer.Status == 200 && *answer.XCffRequestId != "", "another answer", answer)
		}},
		{"update_function_async_invoke_config", func() {
			changed, err := client.UpdateFunctionAsyncInvokeConfig(&model.UpdateFunctionAsyncInvokeConfigRequest{
				FunctionUrn: name, ContentType: jsonType,
				Body: &model.UpdateFunctionAsyncInvokeConfigRequestBody{
					MaxAsyncEventAgeInSeconds: pointer(int32(600)), MaxAsyncRetryAttempts: pointer(int32(2)),
				},
			})
			must(err)
			check(*changed.MaxAsyncRetryAttempts == 2, "not changed", changed)
		}},
		{"show_function_async_invoke_config", func() {
			shown, err := client.ShowFunctionAsyncInvokeConfig(&model.ShowFunctionAsyncInvokeConfigRequest{FunctionUrn: name, ContentType: jsonType})
			must(err)
			check(*shown.MaxAsyncEventAgeInSeconds == 600, "another config", shown)
		}},
		{"list_function_async_invoke_config", func() {
			page, err := client.ListFunctionAsyncInvokeConfig(&model.ListFunctionAsyncInvokeConfigRequest{FunctionUrn: name, ContentType: jsonType})
			must(err)
			check(len(*page.AsyncInvokeConfigs) == 1, "not one config", page)
		}},
		{"async_invoke_function", func() {
			record := ended(invoke(map[string]interface{}{"key": "value"}))
			check(record.Status.Value() == "SUCCESS", "not a success", record)
		}},
		{"list_async_invocations", func() {
			check(len(records(model.ListAsyncInvocationsRequest{Status: pointer("SUCCESS"), Limit: pointer("500")})) > 0, "no record", nil)
			absent := "00000000-0000-4000-8000-000000000000"
			check(len(records(model.ListAsyncInvocationsRequest{RequestId: &absent})) == 0, "a record of nobody", nil)
		}},
		{"list_active_async_invocations", func() {
			requestId := invoke(map[string]interface{}{"wait": 5000})
			eventually(func() (int, bool) {
				page, err := client.ListActiveAsyncInvocations(&model.ListActiveAsyncInvocationsRequest{
					FunctionUrn: name, Requests: &requestId, ContentType: jsonType,
				})
				must(err)
				return len(*page.Invocations), len(*page.Invocations) == 1
			})
		}},
		{"cancel_async_invocation", func() {
			requestId := invoke(map[string]interface{}{"wait": 25000})
			_, err := client.CancelAsyncInvocation(&model.CancelAsyncInvocationRequest{
				FunctionUrn: name, ContentType: jsonType, Body: &model.CancelAsyncInvocationRequestBody{RequestId: requestId},
			})
			must(err)
			record := ended(requestId)
			check(record.Status.Value() == "FAIL" && *record.ErrorCode == 4208, "not cancelled", record)
		}},
		{"enable_async_status_log", func() {
			_, err := client.EnableAsyncStatusLog(&model.EnableAsyncStatusLogRequest{ContentType: jsonType})
			must(err)
		}},
		{"show_project_async_status_log_info", func() {
			shown, err := client.ShowProjectAsyncStatusLogInfo(&model.ShowProjectAsyncStatusLogInfoRequest{ContentType: jsonType})
			must(err)
			check(len(*shown.GroupId) == 36, "no group", shown)
		}},
		{"delete_function_async_invoke_config", func() {
			_, err := client.DeleteFunctionAsyncInvokeConfig(&model.DeleteFunctionAsyncInvokeConfigRequest{FunctionUrn: name, ContentType: jsonType})
			must(err)
			_, err = client.ShowFunctionAsyncInvokeConfig(&model.ShowFunctionAsyncInvokeConfigRequest{FunctionUrn: name, ContentType: jsonType})
			refused(404, "FSS.0404", err)
		}},
		{"delete_version_alias", func() {
			_, err := client.DeleteVersionAlias(&model.DeleteVersionAliasRequest{FunctionUrn: name, AliasName: "prod", ContentType: jsonType})
			must(err)
			_, err = client.ShowVersionAlias(&model.ShowVersionAliasRequest{FunctionUrn: name, AliasName: "prod", ContentType: jsonType})
			refused(404, "FSS.1053", err)
		}},
		{"delete_function", func() {
			_, err := client.DeleteFunction(&model.DeleteFunctionRequest{FunctionUrn: name, ContentType: jsonType})
			must(err)
			_, err = client.ShowFunctionConfig(&model.ShowFunctionConfigRequest{FunctionUrn: name, ContentType: jsonType})
			refused(404, "FSS.1051", err)
		}},
	}
	for _, operation := range operations {
		fault := func() (fault *string) {
			defer func() {
				if thrown := recover(); thrown != nil {
					fault = pointer(fmt.Sprintf("%.500v", thrown))
				}
			}()
			operation.run()
			return nil
		}()
		line, _ := json.Marshal(map[string]any{"operation": operation.name, "fault": fault})
		fmt.Println(string(line))
	}
}
