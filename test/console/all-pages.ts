import type { Locator, Page } from 'playwright-core';
import { eventually } from '#testing';
import { loaded, violationsOf } from './browser.ts';

const widths = { desk: { width: 1_280, height: 900 }, phone: { width: 360, height: 740 } } as const;

const fitMsMax = 2_000;

/** Opens a page by its path, within the console that is loaded already. */
export async function openWithin(page: Page, path: string): Promise<void> {
  if (await page.evaluate<boolean>(`location.pathname + location.search === ${JSON.stringify(path)}`)) return loaded(page);
  // The new page sets the title, so the heading of the old one is not taken for its own.
  const go = `document.title = ''; history.pushState(null, '', ${JSON.stringify(path)});`;
  await page.evaluate(`${go} dispatchEvent(new PopStateEvent('popstate'));`);
  await loaded(page);
}

/** Returns what axe-core finds on a page, light and dark, and whether a phone scrolls sideways. */
export async function faultsOfPage(page: Page, path: string): Promise<readonly string[]> {
  await openWithin(page, path);
  // After a click the mouse still points at the link, which has another colour then.
  const here = page.locator('nav a[aria-current=page]');
  if ((await here.count()) > 0) await here.hover();
  const faults: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // Only contrast depends on the colours.
    const violations = await violationsOf(page, colorScheme === 'dark' ? ['color-contrast'] : undefined);
    faults.push(...violations.map((violation) => `${path}, ${colorScheme}: ${violation}`));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(widths.phone);
  // The layout follows the new width within a frame or two.
  const fits = async () => page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth');
  await eventually(fits, { deadlineMs: fitMsMax }).catch(() => faults.push(`${path}: a phone scrolls the page sideways`));
  await page.setViewportSize(widths.desk);
  return faults;
}

const keysMax = 80;

/**
 * Presses a key until an element has the focus.
 * @throws Error if it has not after 80 times.
 */
export async function tabTo(page: Page, element: Locator, key: 'Tab' | 'ArrowRight' = 'Tab'): Promise<void> {
  for (let pressed = 0; pressed < keysMax; pressed++) {
    if ((await element.and(page.locator(':focus')).count()) > 0) return;
    await page.keyboard.press(key);
  }
  throw new Error(`no focus on ${String(element)} after ${keysMax} times ${key}`);
}
