/** The worker with Tidemark, in the form that the documentation shows first. */
import 'tidemark/register';
import './worker.mjs';
