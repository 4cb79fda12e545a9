import '@mantine/core/styles.css';
import './app.css';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { SessionProvider } from './session/session-context.tsx';
import { cssVariables, theme } from './shell/theme.ts';
import { ZoneProvider } from './ui/instant.tsx';

const place = document.getElementById('console');
if (place === null) throw new Error('index.html has no element for the console');
createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <ZoneProvider>
        <SessionProvider>
          <App />
        </SessionProvider>
      </ZoneProvider>
    </MantineProvider>
  </StrictMode>,
);
