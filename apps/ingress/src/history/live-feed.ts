/**
 * Follows every status-logger while clients listen, once for all clients of this ingress.
 *
 * F1. A client has a place for each status-logger: the last number that it has seen. Its events
 *     carry these places, so it can go on at any ingress.
 * F2. A client that joins first reads what came after its places. Live transitions wait meanwhile.
 *     Then it gets those that it has not seen.
 * F3. A status-logger holds a bounded number of transitions, in memory. If some were missed, the
 *     client is told of a gap.
 */
import { Inject } from '@nestjs/common';
import type { LivePage, LivePlace, LiveTransition } from '#contracts';
import { type Clock, CLOCK } from '#platform';
import { type Home, HOME } from '../names/home.ts';
import { type LivePlaces } from './live-places.ts';
import { IS_DRAINING, LIVE_SOURCES, type LiveSources } from './live-sources.ts';

/** Gets what a {@link LiveFeed} reads. */
export interface LiveListener {
  /** One transition, and the places after it. */
  readonly onTransition: (transition: LiveTransition, places: LivePlaces) => void;
  /** Transitions were missed. */
  readonly onGap: (places: LivePlaces) => void;
  /** The process drains: the listener must end. */
  readonly onDrain: () => void;
}

interface Client {
  readonly listener: LiveListener;
  readonly places: LivePlaces;
  /** Pages that came while the client reads on from its places; undefined afterwards. */
  waiting: LivePage[] | undefined;
}

const readEveryMs = 250;
/** Status-loggers start and end seldom. */
const findEvery = 20;
const waitingPagesMax = 1_000;

/** Hands the transitions of all status-loggers to all clients. */
export class LiveFeed {
  private readonly clients = new Set<Client>();
  private readonly places = new Map<string, LivePlace>();
  private urls: readonly string[] = [];
  private isReading = false;

  constructor(
    @Inject(LIVE_SOURCES) private readonly sources: LiveSources,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(HOME) private readonly home: Home,
    @Inject(IS_DRAINING) private readonly isDraining: () => boolean,
  ) {}

  /** Clients that listen now. */
  get size(): number {
    return this.clients.size;
  }

  /**
   * Adds a client, and hands it what came after its places.
   * @param from undefined: from now on.
   * @param isOnce true if the client leaves at once: nothing is followed for it.
   * @returns its places, and a function that removes it.
   */
  async join(
    listener: LiveListener,
    from: LivePlaces | undefined,
    isOnce: boolean,
  ): Promise<{ readonly places: LivePlaces; readonly leave: () => void }> {
    const client: Client = { listener, places: new Map(), waiting: [] };
    if (!isOnce) this.clients.add(client);
    if (this.urls.length === 0 || isOnce) this.urls = await this.sources.find();
    if (!isOnce) this.follow();
    const unknown = new Set(from?.keys());
    for (const url of this.urls) {
      const known = await this.newest(url);
      if (known === undefined) continue;
      unknown.delete(known.process);
      await this.catchUp(client, url, known, from);
    }
    // Their transitions were in the memory of a process that has ended.
    if (unknown.size > 0) listener.onGap(client.places);
    for (const page of client.waiting ?? []) hand(client, page);
    client.waiting = undefined;
    return { places: client.places, leave: () => void this.clients.delete(client) };
  }

  private async newest(url: string): Promise<LivePlace | undefined> {
    const page = await this.sources.read(url, { project: this.home.project }).catch(() => undefined);
    return page?.place;
  }

  private async catchUp(
    client: Client,
    url: string,
    { process, number }: LivePlace,
    from: LivePlaces | undefined,
  ): Promise<void> {
    client.places.set(process, from?.get(process) ?? number);
    for (let hasMore = from !== undefined; hasMore; ) {
      const seen = client.places.get(process) ?? 0;
      const page = await this.sources.read(url, { project: this.home.project, process, number: seen }).catch(() => undefined);
      if (page === undefined) return client.listener.onGap(client.places);
      hand(client, page);
      ({ hasMore } = page);
    }
  }

  private follow(): void {
    if (this.isReading) return;
    this.isReading = true;
    void this.readOn(0);
  }

  private async readOn(turn: number): Promise<void> {
    if (this.isDraining()) for (const { listener } of [...this.clients]) listener.onDrain();
    if (this.clients.size === 0) {
      this.isReading = false;
      this.places.clear();
      this.urls = [];
      return;
    }
    if (turn % findEvery === findEvery - 1) this.urls = await this.sources.find();
    const hasMore = await Promise.all(this.urls.map(async (url) => this.readFrom(url).catch(() => false)));
    const next = () => void this.readOn(turn + 1);
    this.clock.setTimer(hasMore.some(Boolean) ? 0 : readEveryMs, next);
  }

  private async readFrom(url: string): Promise<boolean> {
    const page = await this.sources.read(url, { project: this.home.project, ...this.places.get(url) });
    this.places.set(url, page.place);
    for (const client of this.clients) {
      if (client.waiting === undefined) hand(client, page);
      else if (client.waiting.length < waitingPagesMax) client.waiting.push(page);
      else client.listener.onDrain();
    }
    return page.hasMore;
  }
}

/** Hands a client what it has not seen of a page. */
function hand({ listener, places }: Client, { place, transitions, isGap }: LivePage): void {
  const seen = places.get(place.process) ?? 0;
  if (isGap) listener.onGap(places);
  for (const transition of transitions) {
    if (transition.number <= seen) continue;
    places.set(place.process, transition.number);
    listener.onTransition(transition, places);
  }
  places.set(place.process, Math.max(place.number, seen));
}
