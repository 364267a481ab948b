/** Heroku's tokens carry this prefix. */
const HEROKU_TOKEN = /HRKU-[\w-]+/g;

/** Takes the token, in every form it travels in, and anything that looks like one out of a text that people will read. */
export function scrubber(token: string): (text: string) => string {
  const basic = Buffer.from(`:${token}`).toString('base64');
  const forms = token === '' ? [] : [token, encodeURIComponent(token), basic];
  return (text) =>
    forms.reduce((rest, form) => rest.replaceAll(form, '[secret]'), text).replace(HEROKU_TOKEN, '[secret]');
}
