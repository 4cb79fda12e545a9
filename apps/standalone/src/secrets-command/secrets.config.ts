import { IsInt, IsString, Matches, Max, Min } from 'class-validator';
import { Setting } from '#platform';

/** The settings of the program that makes the Secret of an installation in Kubernetes. */
export class SecretsConfig {
  @Setting({ env: 'SECRET_NAME', description: 'Name of the Secret.' })
  @Matches(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/)
  secretName!: string;

  @Setting({ env: 'KUBERNETES_SERVICE_HOST', description: 'Address of the API server. Kubernetes sets it in every pod.' })
  @IsString()
  host!: string;

  @Setting({ env: 'KUBERNETES_SERVICE_PORT', description: 'Port of the API server. Kubernetes sets it in every pod.' })
  @IsInt()
  @Min(1)
  @Max(65_535)
  port: number = 443;
}
