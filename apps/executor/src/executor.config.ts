import { IsIn, IsInt, IsOptional, IsString, IsUrl, Max, Min } from 'class-validator';
import { limits } from '#contracts';
import { PayloadStoreSettings } from '#objects';
import {
  FunctionFolderSettings,
  FunctionNetworkSettings,
  FunctionsKeySettings,
  IsolationSettings,
  PlatformKeySettings,
  PublicKeySettings,
  RegionSettings,
  ServiceConfig,
  Setting,
  withSettings,
} from '#platform';
import { egressPolicies, type EgressPolicy } from './egress-policy.ts';

/** The environment of the executor. */
export class ExecutorConfig extends withSettings(
  ServiceConfig,
  RegionSettings,
  IsolationSettings,
  PlatformKeySettings,
  PublicKeySettings,
  PayloadStoreSettings,
  FunctionFolderSettings,
  FunctionNetworkSettings,
  FunctionsKeySettings,
) {
  @Setting({
    env: 'EXECUTOR_ADVERTISED_URL',
    description:
      'URL under which the ingresses reach this executor, without a path. If unset: the address it listens on, or for all addresses ' +
      'the first IPv4 address of the machine.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  advertisedUrl?: string;

  @Setting({ env: 'EXECUTOR_ATTEMPTS_MAX', description: 'Attempts that run at once in this process.' })
  @IsInt()
  @Min(1)
  @Max(10_000)
  attemptsMax: number = 256;

  @Setting({
    env: 'EXECUTOR_STORED_PAYLOADS_MAX',
    description: 'Attempts with a payload from the store that run at once. Each holds its payload in memory.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000)
  storedPayloadsMax: number = 16;

  @Setting({
    env: 'EXECUTOR_INSTANCES_MAX',
    description:
      'Processes of functions at once. One function may hold at most three quarters of them. ' +
      'The last quarter takes only the first process of a function.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000)
  instancesMax: number = 12;

  @Setting({
    env: 'EXECUTOR_DEATHS_MAX',
    description: 'Executors that may end during one attempt before its invocation fails. The last chance runs alone.',
  })
  @IsInt()
  @Min(2)
  @Max(limits.executorDeathsMax)
  deathsMax: number = 3;

  @Setting({
    env: 'EXECUTOR_INSTANCE_IDLE_MS',
    description: 'Time after which a function process without calls ends, in milliseconds.',
  })
  @IsInt()
  @Min(1_000)
  @Max(3_600_000)
  instanceIdleMs: number = 60_000;

  @Setting({
    env: 'EXECUTOR_CODE_FOLDERS_MAX',
    description: 'Unused folders of unpacked code that stay on disk. One may have 512 MiB.',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  codeFoldersMax: number = 100;

  @Setting({
    env: 'EXECUTOR_CODE_BYTES_MAX',
    description: 'Bytes of unpacked code on disk. Beyond it the unused folders that were used longest ago are deleted.',
  })
  @IsInt()
  @Min(536_870_912)
  @Max(1_099_511_627_776)
  codeFolderBytesMax: number = 10_737_418_240;

  @Setting({
    env: 'EXECUTOR_EXPRESS_QUEUE_MAX',
    description: 'Invocations of one function that may wait on the express lane. The executor moves more to the bulk lane.',
  })
  @IsInt()
  @Min(1)
  @Max(100_000)
  expressQueueMax: number = 400;

  @Setting({
    env: 'EXECUTOR_BULK_RECORDS',
    description: 'Records of the bulk lane in hand for each partition. Half as many wait in memory behind them.',
  })
  @IsInt()
  @Min(10)
  @Max(100_000)
  bulkRecordsMax: number = 200;

  @Setting({
    env: 'EXECUTOR_SYNC_CALLS_MAX',
    description:
      'Synchronous calls at once, waiting ones included. Each may hold 12 MB. The executor refuses more. ' +
      'One access key, and one function, gets three quarters at most.',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  syncCallsMax: number = 100;

  @Setting({
    env: 'FUNCTION_EGRESS',
    description:
      'Addresses that functions reach behind walls of the kernel: public, allowed (only FUNCTION_NETWORKS_ALLOWED), none, or ' +
      'unfiltered (those of the executor, for trusted code only).',
  })
  @IsIn(egressPolicies)
  egress: EgressPolicy = 'public';

  @Setting({
    env: 'FUNCTION_CONNECTIONS_MAX',
    description: 'Connections of a function process at once, behind walls of the kernel.',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  connectionsPerInstanceMax: number = 512;

  @Setting({ env: 'FUNCTION_LOG_FILE_BYTES', description: 'Size in bytes from which the log file of a function is rotated.' })
  @IsInt()
  @Min(1_024)
  @Max(1_073_741_824)
  functionLogFileBytesMax: number = 16_777_216;

  @Setting({ env: 'FUNCTION_LOG_FILES', description: 'How many rotated log files of a function and a day are kept.' })
  @IsInt()
  @Min(1)
  @Max(100)
  functionLogFilesMax: number = 3;

  @Setting({ env: 'FUNCTION_LOG_DAYS', description: 'How many days the log of a function is kept.' })
  @IsInt()
  @Min(1)
  @Max(3_650)
  functionLogDaysMax: number = 30;

  @Setting({ env: 'FUNCTION_TMP_BYTES', description: 'Size in bytes of the temporary folder of a function process.' })
  @IsInt()
  @Min(1_048_576)
  @Max(68_719_476_736)
  tmpBytesMax: number = 536_870_912;

  @Setting({
    env: 'FUNCTION_TMP_FILES',
    description: 'Files in the temporary folder of a function process. A process with more ends.',
  })
  @IsInt()
  @Min(100)
  @Max(10_000_000)
  tmpFilesMax: number = 65_536;

  @Setting({
    env: 'FUNCTION_USERS_FIRST',
    description: 'First of the user ids that function processes get if the executor runs as root.',
  })
  @IsInt()
  @Min(1_000)
  @Max(4_000_000_000)
  usersFirst: number = 1_879_048_192;

  @Setting({ env: 'FUNCTION_USERS', description: 'Number of user ids that function processes get if the executor runs as root.' })
  @IsInt()
  @Min(1_024)
  @Max(16_777_216)
  usersCount: number = 65_536;

  @Setting({
    env: 'FUNCTION_CGROUP',
    description:
      'Absolute path of a cgroup (version 2) that is delegated to the executor. Each function process then gets a cgroup in it, with ' +
      'limits of memory, CPU and threads.',
  })
  @IsOptional()
  @IsString()
  functionCgroup?: string;
}
