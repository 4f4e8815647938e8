/* Copyright (c) 2026 The cx-sriov authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at:
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

#ifndef SRIOV_WRITE_H
#define SRIOV_WRITE_H 1

/* Writing: a plan becomes one transaction.
 *
 *     plan --> WRITE --> session --> OVSDB --> bridge.c as ever
 *
 * Called in ovs-vswitchd's main thread, by session.c only. */

struct ds;
struct ovsdb_idl;
struct ovsdb_idl_txn;
struct sriov_plan;

/* Puts what 'plan' writes into 'txn', a new transaction of 'idl', and appends
 * to 'text' what that is ("added 8 representors (first ... last)").  A row
 * that is gone meanwhile is left out.  What the plan took for granted is
 * verified when the transaction is committed, which the caller does. */
void sriov_write_plan(struct ovsdb_idl *idl, struct ovsdb_idl_txn *txn,
                      const struct sriov_plan *plan, struct ds *text);

#endif /* write.h */
