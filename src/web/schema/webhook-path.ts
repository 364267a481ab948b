/** Where Heroku's app webhooks go. In a file of its own: an actuator inside a worker needs it, and no other schema. */
export const HEROKU_WEBHOOK_PATH = '/webhooks/heroku';
