import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { Nested } from '../http/nested.ts';
import { memorySizesMb } from '#contracts';
import type { ApiCode } from '../http/api-codes.ts';

/** Error codes of single fields of a function. All other fields have FSS.0400. */
export const functionFieldCodes: Readonly<Record<string, ApiCode>> = {
  func_name: 'FSS.1002',
  handler: 'FSS.1003',
  package: 'FSS.1004',
  runtime: 'FSS.1005',
  code_type: 'FSS.1006',
  memory_size: 'FSS.1007',
  timeout: 'FSS.1008',
  user_data: 'FSS.1009',
  encrypted_user_data: 'FSS.1009',
  func_code: 'FSS.1012',
  description: 'FSS.1019',
  strategy_config: 'FSS.1026',
};

/** The code of a function. */
export class FuncCodeDto {
  /** `CodeIntake` checks its length: limit and error code depend on `code_type`. */
  @IsOptional()
  @IsString()
  file?: string;

  @IsOptional()
  @IsString()
  @MaxLength(2_048)
  link?: string;
}

/** The maximum number of instances, and of concurrent invocations in each. */
export class StrategyConfigDto {
  @IsOptional()
  @IsInt()
  @Min(-1)
  @Max(1_000)
  concurrency?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  concurrent_num?: number;
}

/** Pass-through fields with a documented form. */
class PassThroughFieldsDto {
  @IsOptional()
  @IsIn(['v1', 'v2'])
  type?: string;

  @IsOptional()
  @IsString()
  @MaxLength(128)
  pre_stop_handler?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(90)
  pre_stop_timeout?: number;

  /** In MB. */
  @IsOptional()
  @IsInt()
  @IsIn([512, 10_240])
  ephemeral_storage?: number;

  @IsOptional()
  @IsBoolean()
  enable_lts_log?: boolean;

  @IsOptional()
  @IsString()
  enterprise_project_id?: string;

  @IsOptional()
  @IsObject()
  func_vpc?: Record<string, unknown>;

  @IsOptional()
  @IsObject()
  mount_config?: Record<string, unknown>;

  @IsOptional()
  @IsObject()
  log_config?: Record<string, unknown>;

  @IsOptional()
  @IsObject()
  custom_image?: Record<string, unknown>;

  @IsOptional()
  @IsObject()
  network_controller?: Record<string, unknown>;
}

/** The fields of a function that creation and update share. */
export class FunctionSettingsDto extends PassThroughFieldsDto {
  @IsString()
  @MinLength(1)
  @MaxLength(64)
  runtime!: string;

  @IsString()
  @MinLength(1)
  @MaxLength(128)
  handler!: string;

  @IsInt()
  @Min(3)
  @Max(259_200)
  timeout!: number;

  @IsInt()
  @IsIn(memorySizesMb)
  memory_size!: number;

  @IsOptional()
  @IsBoolean()
  enable_dynamic_memory?: boolean;

  /** `userDataOf` checks its length and its entries, which have error codes of their own. */
  @IsOptional()
  @IsString()
  user_data?: string;

  /** As `user_data`, but stored sealed and never shown. A blank value keeps the stored one. */
  @IsOptional()
  @IsString()
  encrypted_user_data?: string;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  xrole?: string;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  app_xrole?: string;

  @IsOptional()
  @IsString()
  @MaxLength(512)
  description?: string;

  @IsOptional()
  @IsString()
  @MaxLength(128)
  initializer_handler?: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(300)
  initializer_timeout?: number;

  @IsOptional()
  @IsObject()
  @Nested(() => StrategyConfigDto)
  strategy_config?: StrategyConfigDto;
}

/** The body of a code update. */
export class FunctionCodeDto {
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  depend_version_list?: string[];

  @IsOptional()
  @IsString()
  @MaxLength(256)
  code_filename?: string;

  @IsString()
  @IsNotEmpty()
  @IsIn(['inline', 'zip', 'obs', 'jar', 'Custom-Image-Swr'])
  code_type!: string;

  @IsOptional()
  @IsString()
  @MaxLength(2_048)
  code_url?: string;

  @IsOptional()
  @IsObject()
  @Nested(() => FuncCodeDto)
  func_code?: FuncCodeDto;
}

/** The body of a configuration update. */
export class FunctionConfigDto extends FunctionSettingsDto {
  /** The name of the function, which cannot change. Some clients leave it out. */
  @IsOptional()
  @IsString()
  @MaxLength(60)
  func_name?: string;
}

/** The body of a request that creates a function. */
export class CreateFunctionDto extends FunctionSettingsDto {
  @IsString()
  @Matches(/^[A-Za-z](?:[A-Za-z0-9_-]{0,58}[A-Za-z0-9])?$/, {
    message: 'func_name must be 1..60 letters, digits, - or _, from a letter to a letter or digit',
  })
  func_name!: string;

  @IsString()
  @Matches(/^[A-Za-z0-9_-]{1,64}$/, { message: 'package must be 1..64 letters, digits, - or _' })
  package!: string;

  @IsString()
  @IsIn(['inline', 'zip', 'obs', 'jar', 'Custom-Image-Swr'])
  code_type!: string;

  @IsOptional()
  @IsString()
  @MaxLength(256)
  code_filename?: string;

  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  depend_version_list?: string[];

  @IsOptional()
  @IsString()
  @MaxLength(2_048)
  code_url?: string;

  @IsOptional()
  @IsObject()
  @Nested(() => FuncCodeDto)
  func_code?: FuncCodeDto;
}

/** The body of a request that sets the maximum number of instances. */
export class MaxInstancesDto {
  @IsInt()
  @Min(-1)
  @Max(1_000)
  max_instance_num!: number;
}
