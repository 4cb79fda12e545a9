import { expect, it } from 'vitest';
import { loadConfig } from '#platform';
import { StandaloneConfig } from './standalone.config.ts';

it.each(['SENDOFF_DATA_DIR', 'FUNCTION_DIR'])(
  'a folder in %s that no code can be loaded from is refused before a start',
  (name) => {
    expect(() => loadConfig(StandaloneConfig, { [name]: 'a\\b' })).toThrow(new RegExp(`${name}.*no backslash`));
    expect(() => loadConfig(StandaloneConfig, { [name]: 'a,b ü' })).not.toThrow();
  },
);
