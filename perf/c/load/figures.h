/* Figures: a histogram with steps below 1 %. */

typedef struct {
    uint64_t count;
    int64_t most;
    uint32_t steps[58 << 7];
} figures;

static void note(figures *f, int64_t ns) {
    uint64_t v = ns < 0 ? 0 : (uint64_t)ns;
    int e = v < 128 ? 0 : 63 - __builtin_clzll(v) - 7;
    f->steps[v < 128 ? v : (uint64_t)((e + 1) << 7) + (v >> e) - 128]++;
    f->count++;
    if (ns > f->most)
        f->most = ns;
}

static double quantile_ms(const figures *f, double q) {
    uint64_t seen = 0, want = (uint64_t)(q * (double)f->count);
    for (unsigned i = 0; i < sizeof f->steps / sizeof *f->steps; i++) {
        seen += f->steps[i];
        if (seen > want) {
            uint64_t v = i < 256 ? i : (uint64_t)((i & 127) + 128) << ((i >> 7) - 1);
            return (double)v / 1e6;
        }
    }
    return (double)f->most / 1e6;
}

static void print_figures(const char *name, const figures *f) {
    printf(",\"%s\":{\"count\":%lu,\"p50\":%.4f,\"p90\":%.4f,\"p95\":%.4f,\"p99\":%.4f,\"max\":%.4f}", name,
           f->count, quantile_ms(f, .5), quantile_ms(f, .9), quantile_ms(f, .95), quantile_ms(f, .99),
           (double)f->most / 1e6);
}
