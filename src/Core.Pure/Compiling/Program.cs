using Functional.Base;
using Functional.Graphs;
using Functional.Meaning;

namespace Functional.Compiling;

/// <summary>A tensor under a name.</summary>
/// <param name="Name">Unique among its kind in a program.</param>
/// <param name="Value">What it is.</param>
public readonly record struct Named(string Name, Tensor Value);

/// <summary>The buffer of an input given up for an output, which is written over it. Types are equal.</summary>
/// <param name="Input">The input's name.</param>
/// <param name="Output">The output's name.</param>
public readonly record struct Donation(string Input, string Output);

/// <summary>
/// A pure function from named tensors to named tensors: what an engine compiles and runs. Several programs may share buffers.
/// </summary>
public sealed record Program
{
    Program(Vec<Named> outputs, Vec<Donation> donations, Vec<Named> inputs) => (Outputs, Donations, Inputs) = (outputs, donations, inputs);

    /// <summary>What is computed.</summary>
    public Vec<Named> Outputs { get; }

    /// <summary>Inputs whose buffers become outputs.</summary>
    public Vec<Donation> Donations { get; }

    /// <summary>What the outputs depend on, by ordinal order of the names.</summary>
    public Vec<Named> Inputs { get; }

    /// <summary>A program of these outputs.</summary>
    /// <exception cref="ArgumentException">A name occurs twice with different meanings, or a donation names what is not there or is of another
    /// type.</exception>
    public static Program Of(Vec<Named> outputs, Vec<Donation> donations = default)
    {
        var inputs = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var node in Graph.Topological(outputs.Select(static o => o.Value)))
            if (node.Op is Op.Input input && !inputs.TryAdd(input.Name, node) && !inputs[input.Name].Equals(node))
                throw new ArgumentException($"input '{input.Name}' has two types: {inputs[input.Name].Type} and {node.Type}.");
        var byName = new Dictionary<string, Tensor>();
        foreach (var output in outputs)
            if (!byName.TryAdd(output.Name, output.Value)) throw new ArgumentException($"output '{output.Name}' is named twice.");
        foreach (var (input, output) in donations)
        {
            var from = inputs.TryGetValue(input, out var i) ? i : throw new ArgumentException($"donated input '{input}' is not an input of the program.");
            var to = byName.TryGetValue(output, out var o) ? o
                : throw new ArgumentException($"output '{output}' of a donation is not an output of the program.");
            if (from.Type != to.Type) throw new ArgumentException($"input '{input}' {from.Type} cannot be donated to output '{output}' {to.Type}.");
        }
        return donations.Select(static d => d.Input).Distinct().Count() == donations.Count && donations
            .Select(static d => d.Output).Distinct().Count() == donations.Count
            ? new(outputs, donations, [.. inputs.Select(static p => new Named(p.Key, p.Value))])
            : throw new ArgumentException("an input or an output is named in two donations.");
    }

    /// <summary>A program of one output named <c>result</c>.</summary>
    public static Program Of(Tensor result) => Of([new Named("result", result)]);

    /// <summary>What the program means: its outputs by name, as the reference evaluator computes them.</summary>
    /// <param name="inputs">Every input of the program by name; other names do not matter.</param>
    /// <exception cref="ArgumentException">An input is missing or of another type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A gather or scatter index is outside its table.</exception>
    public IReadOnlyDictionary<string, Value> Evaluate(IReadOnlyDictionary<string, Value> inputs)
    {
        var values = Evaluator.Run(Outputs.Map(static o => o.Value), inputs);
        return new SortedDictionary<string, Value>(Enumerable.Range(0, values.Count).ToDictionary(i => Outputs[i].Name, i => values[i]),
            StringComparer.Ordinal);
    }

    /// <summary>The graph as text.</summary>
    public string Print() => Graph.Print(Outputs.Map(static o => o.Value));
}
