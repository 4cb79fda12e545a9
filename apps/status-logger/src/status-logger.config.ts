import { IsIn, IsInt, Max, Min } from 'class-validator';
import { ServiceConfig, Setting } from '#platform';

/** What the status-logger reads from its environment. */
export class StatusLoggerConfig extends ServiceConfig {
  @Setting({ env: 'STATUS_RETENTION_HOURS', description: 'Age past which records are removed, in hours.' })
  @IsInt()
  @Min(1)
  @Max(8_760)
  retentionHours: number = 168;

  @Setting({ env: 'STATUS_LOG_SINK', description: 'Where status log lines go: `folder` below the data folder, or `stdout`.' })
  @IsIn(['folder', 'stdout'])
  statusLogSink: 'folder' | 'stdout' = 'folder';

  @Setting({ env: 'STATUS_LOG_FILE_BYTES', description: 'Size past which a status log file is rotated.' })
  @IsInt()
  @Min(1_024)
  @Max(1_073_741_824)
  statusLogFileBytesMax: number = 67_108_864;

  @Setting({ env: 'STATUS_LOG_FILES', description: 'Rotated status log files kept of a day.' })
  @IsInt()
  @Min(1)
  @Max(100)
  statusLogFilesMax: number = 5;

  @Setting({ env: 'STATUS_LOG_DAYS', description: 'Days the status log is kept.' })
  @IsInt()
  @Min(1)
  @Max(3_650)
  statusLogDaysMax: number = 30;
}
