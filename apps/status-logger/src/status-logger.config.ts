import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { DataFolderSettings, PlatformKeySettings, PublicKeySettings, ServiceConfig, Setting, withSettings } from '#platform';

/** The environment of the status-logger. */
export class StatusLoggerConfig extends withSettings(ServiceConfig, DataFolderSettings, PlatformKeySettings, PublicKeySettings) {
  @Setting({
    env: 'DATABASE_URL',
    description:
      'PostgreSQL database for the records: `postgres://user:password@host:5432/database`. Unset: SQLite in the data folder. ' +
      '`?sslmode=verify-full` behind it asks for TLS; docs/operations/database.md lists the other modes.',
    isSecret: true,
  })
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\/[^\s/]+\/[^\s/?]+(\?\S*)?$/, {
    message: 'DATABASE_URL must be postgres://user:password@host:port/database',
  })
  databaseUrl?: string;

  @Setting({
    env: 'DATABASE_CA_FILE',
    description:
      'File with the certificates (PEM) of the authorities that sign the certificate of the database. With it the connection ' +
      'is always encrypted and the name of the server is checked. It is read again at each connection.',
  })
  @IsOptional()
  @IsString()
  databaseCaFile?: string;

  @Setting({
    env: 'STATUS_RETENTION_HOURS',
    description: 'Hours after the end of an invocation and its deliveries until its record is removed.',
  })
  @IsInt()
  @Min(1)
  @Max(8_760)
  retentionHours: number = 168;

  @Setting({
    env: 'LEDGER_CHECK_INTERVAL_MS',
    description: 'How often the ledger is compared with the committed offsets, in milliseconds.',
  })
  @IsInt()
  @Min(100)
  @Max(3_600_000)
  ledgerCheckIntervalMs: number = 15_000;

  @Setting({
    env: 'STATUS_LOG_SINK',
    description: 'Destination of status log lines: `folder` (files below the data folder) or `stdout`.',
  })
  @IsIn(['folder', 'stdout'])
  statusLogSink: 'folder' | 'stdout' = 'folder';

  @Setting({ env: 'STATUS_LOG_FILE_BYTES', description: 'Size in bytes from which a status log file is rotated.' })
  @IsInt()
  @Min(1_024)
  @Max(1_073_741_824)
  statusLogFileBytesMax: number = 67_108_864;

  @Setting({ env: 'STATUS_LOG_FILES', description: 'How many rotated status log files of a day are kept.' })
  @IsInt()
  @Min(1)
  @Max(100)
  statusLogFilesMax: number = 5;

  @Setting({ env: 'STATUS_LOG_DAYS', description: 'How many days the status log is kept, today included.' })
  @IsInt()
  @Min(1)
  @Max(3_650)
  statusLogDaysMax: number = 30;

  /** Relations between settings. */
  faults(): string[] {
    if (this.databaseCaFile === undefined) return [];
    if (this.databaseUrl === undefined) return ['DATABASE_CA_FILE: needs DATABASE_URL'];
    const given = this.databaseUrl.matchAll(/[?&](sslmode|sslrootcert|ssl)=/g);
    return Array.from(given, ([, name]) => `DATABASE_CA_FILE: takes the place of ${name} in DATABASE_URL, remove it there`);
  }
}
