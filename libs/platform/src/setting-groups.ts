import { IsArray, IsIn, IsOptional, IsString, IsUrl, Matches, MinLength } from 'class-validator';
import { type Isolation, isolationLevels } from './isolation.ts';
import { Setting } from './load-config.ts';
import { networkPattern } from './networks.ts';

/** The address of an HTTP server. */
export class HostSettings {
  @Setting({ env: 'SENDOFF_HOST', description: 'Address the HTTP server listens on. `npm start` uses it for the API only.' })
  @IsString()
  host: string = '127.0.0.1';
}

/** For programs that keep files. */
export class DataFolderSettings {
  @Setting({ env: 'SENDOFF_DATA_DIR', description: 'Folder for all files of Sendoff on this machine.' })
  @IsString()
  dataDir: string = '.sendoff';
}

/** For programs that read or make URNs. */
export class RegionSettings {
  @Setting({ env: 'SENDOFF_REGION', description: 'Region in URNs.' })
  @Matches(/^[A-Za-z0-9-]{1,64}$/)
  region: string = 'local';
}

/** For services that call another one over HTTP, or are called. */
export class InternalTokenSettings {
  @Setting({
    env: 'SENDOFF_INTERNAL_TOKEN',
    description: 'Secret that the services show each other, at least 16 characters.',
    isSecret: true,
  })
  @IsString()
  @MinLength(16)
  internalToken!: string;
}

/** For programs that seal or open secrets. */
export class PlatformKeySettings {
  @Setting({
    env: 'SENDOFF_PLATFORM_KEY',
    description:
      'Key that encrypts stored secrets, at least 32 characters. A service needs it, or its file. ' +
      '`npm start` makes one if neither is set.',
    isSecret: true,
  })
  @IsOptional()
  @IsString()
  @MinLength(32)
  platformKey?: string;

  @Setting({ env: 'SENDOFF_PLATFORM_KEY_FILE', description: 'File that holds the platform key. Set it instead of the key.' })
  @IsOptional()
  @IsString()
  platformKeyFile?: string;
}

/** For the executor, and for services that trust functions according to their walls. */
export class IsolationSettings {
  @Setting({
    env: 'FUNCTION_ISOLATION',
    description:
      'Walls around functions: auto, kernel, process or none. auto is kernel if it works here, else process. ' +
      'none is for trusted code only.',
  })
  @IsIn(['auto', ...isolationLevels])
  isolation: Isolation = 'auto';
}

/** For services that check or call webhooks. */
export class WebhookSettings {
  @Setting({
    env: 'WEBHOOK_NETWORKS_ALLOWED',
    description: 'CIDR blocks, separated by commas, that webhooks may reach although they are not public.',
  })
  @IsArray()
  @Matches(networkPattern, { each: true, message: 'each network is a CIDR block' })
  webhookNetworks: string[] = [];

  @Setting({
    env: 'SENDOFF_PUBLIC_URL',
    description:
      'URL at which clients and webhooks reach the API, for links and the catalog. Without it messages to webhooks have no ' +
      'links. Required with SUBSCRIPTIONS_CONFIRMED_BY=endpoint.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  publicUrl?: string;
}

/** For services that check or reach the networks of functions. */
export class FunctionNetworkSettings {
  @Setting({
    env: 'FUNCTION_NETWORKS_ALLOWED',
    description:
      'CIDR blocks, separated by commas, that functions and `code_url` may reach although they are not public. ' +
      '`npm start` adds loopback for `code_url` if the API listens on loopback.',
  })
  @IsArray()
  @Matches(networkPattern, { each: true, message: 'each network is a CIDR block' })
  functionNetworks: string[] = [];

  @Setting({
    env: 'FUNCTION_NETWORKS_DENIED',
    description:
      'CIDR blocks, separated by commas, that functions and `code_url` never reach, even if they are public or allowed. ' +
      'Name the hosts of Sendoff here if they are in an allowed network.',
  })
  @IsArray()
  @Matches(networkPattern, { each: true, message: 'each network is a CIDR block' })
  functionNetworksDenied: string[] = [];
}
