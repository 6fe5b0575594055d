#include "store/provider_costs.h"

#include "store/engine/db.h"
#include "store/engine/reader.h"

enum { QUARTER_MS = 900000 };

bool provider_costs_since(const char *path, int64_t from_ms,
                          void (*tell)(const char *provider, int64_t nusd, void *arg), void *arg,
                          struct fault *fault)
{
    struct db db;
    bool ok = reader_open(&db, path, fault);
    if (ok) {
        db_clear(&db);
        struct row *row = db_bind(&db,
                                  "SELECT provider, sum(cost_nusd) FROM ("
                                  " SELECT provider, cost_nusd FROM sales WHERE quarter >= ?1"
                                  " UNION ALL SELECT s.provider, r.cost_nusd FROM shadows s"
                                  " JOIN shadow_results r ON r.seq = s.seq"
                                  " WHERE s.created_ms >= ?1 * 900000"
                                  " UNION ALL SELECT r.provider, r.cost_nusd FROM hedges h"
                                  " JOIN hedge_results r ON r.seq = h.seq"
                                  " WHERE h.created_ms >= ?1 * 900000"
                                  " UNION ALL SELECT t.provider, r.cost_nusd FROM test_calls t"
                                  " JOIN test_call_results r ON r.seq = t.seq"
                                  " WHERE t.created_ms >= ?1 * 900000)"
                                  " WHERE cost_nusd > 0 GROUP BY provider",
                                  DB_VALUES(bind_int(from_ms / QUARTER_MS)));
        while (db_row(&db, row))
            tell(column_text(row, 0), column_int(row, 1), arg);
        db_leave(row);
        ok = db_sound(&db, fault);
    }
    db_close(&db);
    return ok;
}
