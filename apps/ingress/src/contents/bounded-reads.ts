import { ApiError } from '../http/api-error.ts';
import { contentBounds } from './contents.operations.ts';

const retryAfterSeconds = 1;

/** Bounds how many questions wait for the object store or for Kafka at once, and how long. */
export class BoundedReads {
  private underWay = 0;

  /** @throws ApiError FSS.0429 if too many are under way. */
  async run<T>(read: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.underWay >= contentBounds.atOnceMax)
      throw new ApiError('FSS.0429', 'too many buckets and streams are being read; try again', retryAfterSeconds);
    this.underWay += 1;
    try {
      return await read(AbortSignal.timeout(contentBounds.waitMs));
    } finally {
      this.underWay -= 1;
    }
  }
}
