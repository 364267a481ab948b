/** The worker with Tidemark, in the form that its README shows first. */
import 'tidemark/register';
import './worker.mjs';
