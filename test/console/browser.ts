import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { eventually } from '#testing';

const chromiumFile = '/usr/bin/chromium';

/** Why no test of the console can run; undefined if all can. */
export const lackOfBrowser = existsSync(chromiumFile)
  ? undefined
  : 'the console: Chromium is missing; install it with apt-get install chromium';

/** Starts Debian's Chromium. Its sandbox needs rights that containers lack. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumFile, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/**
 * Returns the rules of axe-core that the page breaks, each with its elements. Mantine names a
 * dialog just after it has drawn it, so a dialog is checked once it has a name.
 * @param rules the only rules to check; all by default.
 */
export async function violationsOf(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  await page.locator('[role=dialog]:not([aria-labelledby], [aria-label])').first().waitFor({ state: 'detached' });
  await page.evaluate(axe);
  const options = JSON.stringify(rules === undefined ? {} : { runOnly: rules });
  const { violations } = await page.evaluate<{ readonly violations: readonly Violation[] }>(`axe.run(document, ${options})`);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/**
 * Waits until a page stands with its content. Pages that follow events always have a request open,
 * so an idle network tells nothing.
 */
export async function loaded(page: Page): Promise<void> {
  await eventually(async () => (await page.title()).endsWith('Sendoff'), { deadlineMs: 20_000 });
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
}

/** A page of the console for a test, and what went wrong in it. */
export class ConsolePage {
  /** Errors of scripts, and what the policy for content blocked. */
  readonly faults: string[] = [];

  private constructor(
    readonly page: Page,
    readonly url: string,
  ) {
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.faults.push(message.text());
    });
  }

  static async open(browser: Browser, url: string): Promise<ConsolePage> {
    // Colours are judged by axe, so nothing may be half faded in.
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    return new ConsolePage(await context.newPage(), url);
  }

  async goTo(path: string): Promise<void> {
    await this.page.goto(this.url + path);
    await loaded(this.page);
  }

  async logInByToken(token: string): Promise<void> {
    await this.page.locator('input[type=password]').last().fill(token);
    await this.press('Log in');
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button, exact: true }).click();
  }

  /** Chooses from a list as a user does: opens it, then clicks the choice. */
  async choose(
    label: string,
    choice: string,
    within: 'page' | 'Success Notification' | 'Failure Notification' = 'page',
  ): Promise<void> {
    const scope = within === 'page' ? this.page : this.page.getByRole('group', { name: within });
    await scope
      .getByRole('combobox', { name: label })
      .or(scope.getByRole('textbox', { name: label }))
      .first()
      .click();
    await this.page.getByRole('option', { name: choice, exact: true }).click();
  }
}
