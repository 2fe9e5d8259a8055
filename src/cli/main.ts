#!/usr/bin/env node
/** The program `nearfold`. */
import { runProcess } from "./process.ts";

await runProcess(process.argv.slice(2));
