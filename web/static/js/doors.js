/** The entry of pages whose only live part is their doors. */
import { watchDoors } from './watch.js';

watchDoors();
