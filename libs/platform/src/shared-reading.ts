/**
 * Shares a reading among all who ask for the same thing before it is there. Several metrics of one
 * collection then cost one question.
 * @param read is called again for the first question after an answer or an error.
 */
export function sharedReading<Key, Answer>(read: (key: Key) => Promise<Answer>): (key: Key) => Promise<Answer> {
  const underWay = new Map<Key, Promise<Answer>>();
  return async (key) => {
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const reading = read(key).finally(() => underWay.delete(key));
    underWay.set(key, reading);
    return reading;
  };
}
