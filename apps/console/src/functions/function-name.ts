/** `package:name` of a function URN, followed by the version unless that is `latest`. */
export function nameOfUrn(urn: string): string {
  if (!urn.startsWith('urn:')) return urn;
  const [, , , , , folder = '', name = '', version = 'latest'] = urn.split(':');
  return version === 'latest' ? `${folder}:${name}` : `${folder}:${name}:${version}`;
}

/** `package:name` of a function URN, whatever its version. */
export function bareNameOfUrn(urn: string): string {
  return urn.startsWith('urn:') ? urn.split(':').slice(5, 7).join(':') : urn;
}
