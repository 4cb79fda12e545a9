import { IsInt, Max, Min } from 'class-validator';
import { ServiceConfig, Setting, withSettings } from '#platform';

/** Settings of the retry-scheduler. */
export class RetrySchedulerConfig extends withSettings(ServiceConfig) {
  @Setting({
    env: 'SCHEDULER_EXPRESS_RATE_PER_SECOND',
    description:
      'Due invocations of one function per second that take the express lane. A function with more takes the bulk lane until it has fewer. All retry-schedulers share the rate equally.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  expressRatePerSecond: number = 1_000;

  @Setting({
    env: 'SCHEDULER_NEAR_BYTES',
    description: 'Bytes of records in memory for each partition of the near delay topic.',
  })
  @IsInt()
  @Min(1_048_576)
  @Max(1_073_741_824)
  nearBytesMax: number = 67_108_864;

  @Setting({ env: 'SCHEDULER_NEAR_RECORDS', description: 'Records in memory for each partition of the near delay topic.' })
  @IsInt()
  @Min(1_000)
  @Max(5_000_000)
  nearRecordsMax: number = 200_000;

  @Setting({ env: 'SCHEDULER_DWELL_BYTES', description: 'Bytes of records in memory for each partition of a dwell topic.' })
  @IsInt()
  @Min(65_536)
  @Max(67_108_864)
  dwellBytesMax: number = 1_048_576;

  @Setting({ env: 'SCHEDULER_DWELL_RECORDS', description: 'Records in memory for each partition of a dwell topic.' })
  @IsInt()
  @Min(100)
  @Max(100_000)
  dwellRecordsMax: number = 2_000;
}
