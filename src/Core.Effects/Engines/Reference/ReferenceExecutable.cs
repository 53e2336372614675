using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Meaning;

namespace Functional.Engines.Reference;

/// <summary>A program with its fused ops expanded once.</summary>
sealed class ReferenceExecutable(ReferenceEngine engine, Program program) : IExecutable
{
    readonly Vec<Tensor> roots = Graph.Expand(program.Outputs.Map(static o => o.Value));

    public Program Program => program;

    public long WorkspaceBytes => 0;

    public IBinding Bind(IReadOnlyDictionary<string, IBuffer> buffers)
    {
        Check(buffers);
        return new ReferenceBinding(roots, program, BoundBuffers<ReferenceBuffer>.Of(program, buffers, type => new(engine, type), mine =>
            mine.Owner == engine));
    }

    public void Dispose() { }

    // Stricter than the other engines, to find programs and callers that mean something else than they say.
    void Check(IReadOnlyDictionary<string, IBuffer> given)
    {
        foreach (var (input, output) in program.Donations)
            if (given.TryGetValue(input, out var donor) && given.TryGetValue(output, out var buffer) && buffer != donor)
                throw new ArgumentException($"output '{output}' is written to the buffer donated to it, not to another one.");
        foreach (var output in program.Outputs.Where(o => given.ContainsKey(o.Name) && program.Inputs.Any(i => i.Name == o.Name)
            && program.Donations.All(d => d.Output != o.Name)))
            throw new ArgumentException($"'{output.Name}' names an input and an output that does not replace it.");
    }
}

/// <summary>Loads the inputs, evaluates, stores the outputs.</summary>
sealed class ReferenceBinding(Vec<Tensor> roots, Program program, BoundBuffers<ReferenceBuffer> buffers) : IBinding
{
    public void Run()
    {
        // All results before the first store: outputs may lie in inputs' buffers.
        var values = Evaluator.Run(roots, program.Inputs.ToDictionary(static i => i.Name, i => buffers.Input(i.Name).Load()));
        for (var i = 0; i < values.Count; i++) buffers.Output(program.Outputs[i].Name).Store(values[i]);
    }

    public IBuffer this[string name] => buffers[name];

    public void Dispose() => buffers.Dispose();
}
