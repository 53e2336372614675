using Functional.Base;
using Functional.Engines;
using Functional.Generation;
using Functional.Grammars;
using Functional.Models;
using Functional.Sampling;
using Functional.Text;

namespace Functional.Measuring;

/// <summary>The speed of writing texts in ways that may be compared: one, some side by side, constrained, and with drafts.</summary>
/// <param name="Way">Which, as <c>constrained</c>.</param>
/// <param name="Tokens">How many tokens are written.</param>
/// <param name="Time">That of all of them.</param>
public sealed record WritingMeasure(string Way, long Tokens, Timings Time)
{
    const string Schema = """
        {"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":{"type":"boolean"},"d":{"type":"number"},"e":{"type":"string","maxLength":20},
        "f":{"type":"array","items":{"type":"integer"}},"g":{"enum":["one","two"]},"h":{"type":"string"},"i":{"type":"integer","minimum":0,"maximum":99},"j":{"type":"string"} },
        "required":["a","b","c","d","e","f","g","h","i","j"]}
        """;

    /// <summary>Tokens a second, at the median.</summary>
    public double TokensPerSecond => Tokens / Time.MedianMilliseconds * 1e3;

    /// <summary>
    /// Writes in all ways on an engine, in turns, with weights as they are drawn: so nothing that a model drafts agrees but by chance, and the model drafts for itself, to show what the drafts'
    /// own cost leaves; a look-up repeats what the likeliest text repeats.
    /// </summary>
    /// <param name="engine">The engine.</param>
    /// <param name="config">The model; its tokens are bytes, as far as there are so many.</param>
    /// <param name="rows">How many texts side by side.</param>
    /// <param name="tokens">Tokens of a text, 2 or more; with a prompt of 8 they have room in the context.</param>
    /// <param name="repetitions">How often it is measured.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Vec<WritingMeasure> On(IEngine engine, DecoderConfig config, int rows, int tokens, int repetitions, CancellationToken stop = default)
    {
        var model = Transformer.Of(config with { Vocabulary = ByteTokenizer.Instance.VocabularySize });
        using var parameters = new Workspace(engine);
        foreach (var (name, spec) in model.Specs) parameters.Fill(name, spec);
        using var batcher = new Batcher(engine, model, parameters.Buffers, rows);
        using var draft = new Batcher(engine, model, parameters.Buffers, rows);
        var constraint = Constraint.Schema(Json.Parse(Schema, "schema").IfFail(static f => throw new InvalidOperationException(f.Lines())), TokenTrie.Of(ByteTokenizer.Instance))
            .IfFail(static f => throw new InvalidOperationException(f.Lines()));
        var plain = new Request([.. Enumerable.Range(0, 8)], SamplingRules.Greedy, tokens, Key.Seed(1));
        (string Way, Request[] Requests)[] ways =
        [
            ("one text", [plain]), ($"{rows} side by side", [.. Enumerable.Repeat(plain, rows)]), ("constrained", [plain with { Constraint = constraint }]),
            ("its own drafts", [plain with { Drafts = 4 }]), ("looked up", [plain with { Drafts = 4, Lookup = 2 }]),
        ];
        var written = new long[ways.Length];
        var times = Timings.InTurns([.. ways.Select((way, i) => (Action)(() => written[i] = Write(way.Requests)))], repetitions, 1, TimeSpan.FromMilliseconds(300), stop);
        return [.. ways.Select((way, i) => new WritingMeasure(way.Way, written[i], times[i]))];

        long Write(Request[] requests)
        {
            using var streams = new Streams(batcher, ByteTokenizer.Instance, draft);
            foreach (var request in requests) streams.Add(request);
            var count = 0L;
            while (!streams.IsIdle)
            {
                stop.ThrowIfCancellationRequested();
                foreach (var piece in streams.Step()) count += piece.Whole?.Tokens.Count ?? 0;
            }
            return count;
        }
    }
}
