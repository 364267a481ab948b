import { element } from './dom.ts';

export interface Question {
  readonly title: string;
  /** What will happen, before it does. */
  readonly sentences: readonly string[];
  readonly button: string;
  /** A word that must be typed; null where a click is enough. */
  readonly typed: string | null;
}

/** Asks before anything is changed. False where the reader thought better of it. */
export function confirm(question: Question): Promise<boolean> {
  const title = element('h2', { id: 'confirm-title', text: question.title });
  const sentences = element('ul', {}, ...question.sentences.map((text) => element('li', { text })));
  const input = element('input', { attributes: { id: 'confirm-typed', autocomplete: 'off', spellcheck: 'false' } });
  const label = element('label', { attributes: { for: 'confirm-typed' } }, ...typeWords(question.typed ?? ''));
  const cancel = element('button', { class: 'button', text: 'Cancel', attributes: { type: 'button' } });
  const go = element('button', { class: 'button danger', text: question.button, attributes: { type: 'submit' } });
  const field = question.typed === null ? null : element('div', { class: 'typed' }, label, input);
  const form = element('form', {}, title, sentences, field, element('div', { class: 'dialog-actions' }, cancel, go));
  const dialog = element('dialog', { class: 'confirm', attributes: { 'aria-labelledby': 'confirm-title' } }, form);
  const check = () => {
    go.disabled = question.typed !== null && input.value.trim() !== question.typed;
  };
  input.addEventListener('input', check);
  check();
  document.body.append(dialog);
  dialog.showModal();
  if (question.typed === null) cancel.focus();
  else input.focus();
  return new Promise((resolve) => {
    let isConfirmed = false;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      isConfirmed = !go.disabled;
      if (isConfirmed) dialog.close();
    });
    cancel.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(isConfirmed);
    });
  });
}

function typeWords(word: string): readonly HTMLElement[] {
  return [element('span', { text: 'Type ' }), element('b', { text: word }), element('span', { text: ' to confirm' })];
}
