using System.Text.Json;
using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Measuring;
using Functional.Models;
using Functional.Sessions;
using Functional.Settings;

namespace Functional.Cli;

/// <summary><c>functional bench</c>: what users measure with.</summary>
static class BenchCommand
{
    const double Mebibyte = 1 << 20;

    // Each is remembered until the end.
    const int MostRepetitions = 1_000_000;

    // What a step learns, as a run's settings say it.
    static readonly string[] learned = ["kind", "preference-loss", "reference", "lora-rank", "lora-targets", "optimiser", "recompute"];

    static Flag Json => new("--json", null, "one line of JSON and nothing else");

    public static CommandSpec Spec => new("Measures matrix products, training steps, decoding, writing and rollouts on this machine.", [], null)
    {
        Commands = [new("gemm", () => Gemm), new("step", () => Step), new("decode", () => Decode), new("rollout", () => RollOut), new("write", () => Ways)],
    };

    static CommandSpec Gemm => new("Measures the product of two square float32 matrices.",
        [new("--n", "N", "rows and columns") { Default = "768" }, Json, .. EngineFlags.All],
        (given, terminal, interruption) =>
        {
            var (n, options) = (given.Whole("--n", 768, 1, 16384), EngineFlags.Of(given)).Checked();
            using var engine = Engine.Create(options);
            var measure = GemmMeasure.On(engine, n, interruption.Token);
            terminal.Line(given.Has("--json")
                ? JsonLine.Of(json =>
                {
                    json.WriteNumber("n", n);
                    Write(json, "gflops", measure.Gflops);
                    Write(json, "median_ms", measure.Time.MedianMilliseconds);
                    Write(json, "best_ms", measure.Time.BestMilliseconds);
                })
                : $"{n} × {n}: {Show.Number(measure.Gflops)} GFLOP/s ({Show.Number(measure.Time.MedianMilliseconds)} ms)");
            return Task.FromResult(0);
        })
    {
        Examples = [new("bench gemm --n 1536 --threads 1", "one thread's share")],
    };

    static Vec<Flag> Model(string vocabulary, string width, string layers, string heads, string context) =>
    [
        new("--layers", "N", "blocks of the model") { Default = layers }, new("--heads", "N", "attention heads in a block") { Default = heads },
        new("--width", "N", "numbers in a hidden state") { Default = width }, new("--vocab", "N", "different tokens") { Default = vocabulary },
        new("--context", "N", "tokens that the model sees at most") { Default = context },
        new("--config", "FILE", "the model of a YAML file, of which options change what they say"),
    ];

    static CommandSpec Step => new("Measures a training step: forward, backward, clipping, AdamW; with biases, on random tokens.",
        [.. Model("65", "128", "4", "4", "64"), new("--batch", "N", "windows in a batch") { Default = "12" },
            .. learned.SelectMany(static name => SettingFlags.Of(RunConfig.Field(name)!, new())).Select(static f => f with { Group = "options" }), new("--steps", "N", "steps to measure") { Default = "60" }, Json, .. EngineFlags.All],
        (given, terminal, interruption) =>
        {
            var model = Config(given, new() { Layers = 4, Heads = 4, Width = 128, Vocabulary = 65, Context = 64 });
            var (batch, steps, options) = (given.Whole("--batch", 12, 1), given.Whole("--steps", 60, 1, MostRepetitions), EngineFlags.Of(given)).Checked();
            // The rules of runs, for the run that this step is one of.
            var stage = new StageConfig { Batch = batch, Practice = new() { Judge = PracticeConfig.Function, Prompts = batch, Answers = 2, Tokens = 1 } };
            var run = RunConfig.Read(new() { Model = model, Stage = stage with { Practice = given.Text("--kind") is "grpo" or "ppo" ? stage.Practice : new() }, Execution = options },
                learned.Where(name => given.Has($"--{name}")).Select(name => ConfigEntry.Option(name, given.Text($"--{name}")!))).MapFail(f => EngineFlags.Named(given, f)).OrThrow();
            var config = Memory.Check(run).MapFail(f => EngineFlags.Named(given, f)).OrThrow();
            using var engine = Engine.Create(options);
            var measure = StepMeasure.On(engine, config, steps, interruption.Token);
            terminal.Line(given.Has("--json")
                ? JsonLine.Of(json =>
                {
                    Write(json, "median_ms", measure.Time.MedianMilliseconds);
                    Write(json, "best_ms", measure.Time.BestMilliseconds);
                    Write(json, "tokens_per_second", measure.TokensPerSecond);
                    Write(json, "gflops", measure.Gflops);
                    Write(json, "peak_rss_mb", measure.PeakMegabytes);
                    Write(json, "compile_ms", measure.CompileMilliseconds);
                    json.WriteString("engine", measure.Engine);
                    json.WriteString("device", measure.Memory.Device);
                    Write(json, "device_buffers_mb", measure.Memory.Buffers / Mebibyte);
                    Write(json, "device_workspace_mb", measure.Memory.Workspace / Mebibyte);
                })
                : $"{Show.Number(measure.Time.MedianMilliseconds)} ms a step (best {Show.Number(measure.Time.BestMilliseconds)}), {Show.Short(measure.TokensPerSecond)} tokens/s, "
                    + $"{Show.Number(measure.Gflops)} GFLOP/s, {Show.Number(measure.PeakMegabytes)} MiB at most, compiled in {Show.Number(measure.CompileMilliseconds)} ms\n"
                    + $"{measure.Engine} engine on {measure.Memory.Device}: {Show.Bytes(measure.Memory.Buffers)} in buffers, {Show.Bytes(measure.Memory.Workspace)} of work memory");
            return Task.FromResult(0);
        })
    {
        Examples = [new("bench step --layers 6 --heads 6 --width 384 --batch 8 --context 256 --json", "another size, for a script"),
            new("bench step --kind sft --lora-rank 16", "adapters in place of the weights"), new("bench step --kind dpo", "pairs of answers, two windows each")],
    };

    static CommandSpec Decode => new("Measures cached decoding, a token at a time, at several places of the context.",
        [.. Model("50257", "768", "12", "12", "1024"), new("--positions", "N,N", "places in the context; by default from its beginning to its end"),
            new("--tokens", "N", "tokens to measure at each") { Default = "20" },
            new("--bits", "N", "bits of the matrices' numbers: 32, 8 or 4") { Default = "32" },
            new("--prompt", "N", "reads a prompt of so many tokens at once instead, beside the speed of products alone"), Json, .. EngineFlags.All],
        (given, terminal, interruption) =>
        {
            var config = Config(given, new() { Layers = 12, Heads = 12, Width = 768, Vocabulary = 50257, Context = 1024 });
            var last = config.Context - 1;
            var (asked, tokens, options) = (given.Wholes("--positions", [0, last / 4, last / 2, last], 0), given.Whole("--tokens", 20, 1, MostRepetitions),
                EngineFlags.Of(given)).Checked();
            Memory.CheckDecoding(config, options).OrThrow();
            if (asked.Any(p => p > last)) throw new FunctionalException(new Fault("--positions", $"{asked.Max()} is not in a context of {config.Context}",
                $"allowed: 0 to {last}"));
            var packing = given.Text("--bits") switch
            {
                null or "32" => null,
                "8" => new PanelPacking(8),
                "4" => new PanelPacking(4),
                var other => throw new FunctionalException(new Fault("--bits", $"is {other}", "allowed: 32, 8, 4")),
            };
            using var engine = Engine.Create(options);
            if (given.Has("--prompt"))
            {
                var read = PrefillMeasure.On(engine, config, given.Whole("--prompt", 512, 1, config.Context).OrThrow(), tokens, packing, interruption.Token);
                terminal.Line(given.Has("--json")
                    ? JsonLine.Of(json =>
                    {
                        Write(json, "tokens_per_second", read.TokensPerSecond);
                        Write(json, "gflops", read.Gflops);
                        Write(json, "ceiling_gflops", read.Ceiling);
                        Write(json, "share", read.Share);
                    })
                    : string.Create(System.Globalization.CultureInfo.InvariantCulture,
                        $"{read.Tokens} tokens at once: {Show.Number(read.TokensPerSecond)} tokens/s, {Show.Number(read.Gflops)} GFLOP/s, {read.Share:P0} of the {Show.Number(read.Ceiling)} that products alone make"));
                return Task.FromResult(0);
            }
            var places = DecodeMeasure.On(engine, config, asked, tokens, packing, interruption.Token);
            var (speed, traffic) = (places.Average(static p => p.TokensPerSecond), places.Average(static p => p.GigabytesPerSecond));
            terminal.Line(given.Has("--json")
                ? JsonLine.Of(json =>
                {
                    Write(json, "tokens_per_second", speed);
                    Write(json, "gb_per_second", traffic);
                    json.Objects("positions", places, place =>
                    {
                        json.WriteNumber("position", place.Position);
                        Write(json, "tokens_per_second", place.TokensPerSecond);
                        Write(json, "gb_per_second", place.GigabytesPerSecond);
                    });
                    Write(json, "peak_rss_mb", Timings.PeakMemory());
                })
                : string.Join('\n', places.Select(static p =>
                    $"position {p.Position,5}: {Show.Number(p.TokensPerSecond)} tokens/s, {Show.Number(p.GigabytesPerSecond)} GB/s")));
            return Task.FromResult(0);
        });

    static CommandSpec RollOut => new("Measures answers that are written together, beside one that is written alone.",
        [.. Model("65", "128", "4", "4", "128"), new("--rows", "N", "answers that are written at a time") { Default = "64" }, new("--prompt", "N", "tokens of a prompt") { Default = "16" },
            new("--tokens", "N", "tokens of an answer") { Default = "64" }, new("--repeat", "N", "times to measure") { Default = "10" }, Json, .. EngineFlags.All],
        (given, terminal, interruption) =>
        {
            var config = Config(given, new() { Layers = 4, Heads = 4, Width = 128, Vocabulary = 65, Context = 128 });
            var (rows, prompt, tokens) = (given.Whole("--rows", 64, 1, 1 << 12), given.Whole("--prompt", 16, 1), given.Whole("--tokens", 64, 1)).Checked();
            var (times, options) = (given.Whole("--repeat", 10, 1, MostRepetitions), EngineFlags.Of(given)).Checked();
            if ((long)prompt + tokens > config.Context) throw new FunctionalException(new Fault("--tokens", $"is {tokens}, and with a prompt of {prompt} has no room in a context of {config.Context}",
                prompt < config.Context ? $"allowed: up to {config.Context - prompt}, or a larger --context" : "allowed: a shorter --prompt, or a larger --context"));
            Memory.CheckDecoding(config, options).OrThrow();
            using var engine = Engine.Create(options);
            var (alone, all) = (RollOutMeasure.On(engine, config, 1, prompt, tokens, times, interruption.Token), RollOutMeasure.On(engine, config, rows, prompt, tokens, times, interruption.Token));
            terminal.Line(given.Has("--json")
                ? JsonLine.Of(json =>
                {
                    json.WriteNumber("rows", rows);
                    Write(json, "median_ms", all.Time.MedianMilliseconds);
                    Write(json, "best_ms", all.Time.BestMilliseconds);
                    Write(json, "tokens_per_second", all.TokensPerSecond);
                    Write(json, "tokens_per_second_alone", alone.TokensPerSecond);
                })
                : $"{rows} answers of {tokens} tokens: {Show.Number(all.Time.MedianMilliseconds)} ms, {Show.Short(all.TokensPerSecond)} tokens/s; one alone: {Show.Short(alone.TokensPerSecond)} tokens/s, "
                    + $"{Show.Number(all.TokensPerSecond / alone.TokensPerSecond)} times as many together");
            return Task.FromResult(0);
        })
    {
        Examples = [new("bench rollout --rows 64 --prompt 16 --tokens 48 --json", "a round of a policy, to compare with bench step --kind grpo --batch 64")],
    };

    static CommandSpec Ways => new("Measures ways of writing beside each other: one text, some side by side, constrained by a JSON schema of ten fields, and with drafts.",
        [.. Model("256", "128", "4", "4", "256").Where(static f => f.Name != "--vocab"), new("--rows", "N", "texts side by side") { Default = "8" }, new("--tokens", "N", "tokens of a text") { Default = "128" },
            new("--repeat", "N", "times to measure") { Default = "5" }, Json, .. EngineFlags.All],
        (given, terminal, interruption) =>
        {
            var config = Config(given, new() { Layers = 4, Heads = 4, Width = 128, Vocabulary = 256, Context = 256 });
            var (rows, tokens, times, options) = (given.Whole("--rows", 8, 1, 1 << 10), given.Whole("--tokens", 128, 2), given.Whole("--repeat", 5, 1, MostRepetitions), EngineFlags.Of(given)).Checked();
            if (tokens + 8L > config.Context) throw new FunctionalException(new Fault("--tokens", $"is {tokens}, and with a prompt of 8 has no room in a context of {config.Context}",
                config.Context > 9 ? $"allowed: 2 to {config.Context - 8}, or a larger --context" : "allowed: a larger --context"));
            Memory.CheckDecoding(config, options).OrThrow();
            using var engine = Engine.Create(options);
            var ways = WritingMeasure.On(engine, config, rows, tokens, times, interruption.Token);
            terminal.Line(given.Has("--json")
                ? JsonLine.Of(json => json.Objects("ways", ways, way =>
                {
                    json.WriteString("way", way.Way);
                    json.WriteNumber("tokens", way.Tokens);
                    Write(json, "median_ms", way.Time.MedianMilliseconds);
                    Write(json, "tokens_per_second", way.TokensPerSecond);
                }))
                : string.Join('\n', ways.Select(way => $"{way.Way,-16} {Show.Short(way.TokensPerSecond)} tokens/s, {Show.Number(way.TokensPerSecond / ways[0].TokensPerSecond)} times one text's")));
            return Task.FromResult(0);
        });

    static DecoderConfig Config(Given given, DecoderConfig otherwise)
    {
        var start = given.Text("--config") is not { } file ? otherwise with { Activation = Activation.Gelu }
            : Configuration.FromYaml(file).Model with { Vocabulary = otherwise.Vocabulary };
        var (layers, heads, width) = (given.Whole("--layers", start.Layers, 1), given.Whole("--heads", start.Heads, 1),
            given.Whole("--width", start.Width, 1)).Checked();
        var (vocabulary, context) = (given.Whole("--vocab", start.Vocabulary, 1), given.Whole("--context", start.Context, 1)).Checked();
        return (start with { Layers = layers, Heads = heads, Width = width, Vocabulary = vocabulary, Context = context })
            .Validate().MapFail(static f => f with { Where = f.Where == "vocabulary" ? "--vocab" : $"--{f.Where}" }).OrThrow();
    }

    static void Write(Utf8JsonWriter json, string name, double value) => json.WriteNumber(name, Math.Round(value, 3));
}
