namespace Functional.Engines;

/// <summary>A program with its fused ops expanded once.</summary>
sealed class ReferenceExecutable(ReferenceEngine engine, Program program) : IExecutable
{
    readonly Vec<Tensor> roots = Graph.Expand(program.Outputs.Map(static o => o.Value));

    public Program Program => program;

    public long WorkspaceBytes => 0;

    public IBinding Bind(IReadOnlyDictionary<string, IBuffer> buffers)
    {
        foreach (var name in buffers.Keys.Where(name => !program.Inputs.Concat(program.Outputs).Any(n => n.Name == name)))
            throw new ArgumentException($"'{name}' is neither an input nor an output of the program.");
        var inputs = program.Inputs.ToDictionary(static n => n.Name, n => buffers.TryGetValue(n.Name, out var given)
            ? Checked(n, given)
            : throw new ArgumentException($"input '{n.Name}' {n.Value.Type} is missing."));
        var own = new List<ReferenceBuffer>();
        var outputs = program.Outputs.ToDictionary(static n => n.Name, n => Target(n, buffers, inputs, own));
        return new ReferenceBinding(roots, program.Outputs.Map(static o => o.Name), inputs, outputs, own);
    }

    public void Dispose() { }

    ReferenceBuffer Target(Named output, IReadOnlyDictionary<string, IBuffer> buffers, Dictionary<string, ReferenceBuffer> inputs, List<ReferenceBuffer> own)
    {
        var donated = program.Donations.Where(d => d.Output == output.Name).Select(d => inputs[d.Input]).FirstOrDefault();
        if (buffers.TryGetValue(output.Name, out var given))
        {
            var target = Checked(output, given);
            if (donated is not null && target != donated) throw new ArgumentException($"output '{output.Name}' is written to the buffer donated to it, not to another one.");
            if (donated is null && inputs.ContainsKey(output.Name)) throw new ArgumentException($"'{output.Name}' names an input and an output that does not replace it.");
            return target;
        }
        if (donated is not null) return donated;
        own.Add(new(engine, output.Value.Type));
        return own[^1];
    }

    ReferenceBuffer Checked(Named named, IBuffer buffer) =>
        buffer is not ReferenceBuffer mine || mine.Owner != engine ? throw new ArgumentException($"the buffer for '{named.Name}' is not of this engine.")
        : mine.Type != named.Value.Type ? throw new ArgumentException($"'{named.Name}' is {named.Value.Type}; its buffer is {mine.Type}.")
        : mine;
}

/// <summary>Loads the inputs, evaluates, stores the outputs.</summary>
sealed class ReferenceBinding(
    Vec<Tensor> roots, Vec<string> names, Dictionary<string, ReferenceBuffer> inputs, Dictionary<string, ReferenceBuffer> outputs, List<ReferenceBuffer> own) : IBinding
{
    public void Run()
    {
        // All results before the first store: outputs may lie in inputs' buffers.
        var values = Evaluator.Run(roots, inputs.ToDictionary(static p => p.Key, static p => p.Value.Load()));
        for (var i = 0; i < names.Count; i++) outputs[names[i]].Store(values[i]);
    }

    public IBuffer this[string name] =>
        outputs.TryGetValue(name, out var output) ? output
        : inputs.TryGetValue(name, out var input) ? input
        : throw new ArgumentException($"'{name}' is neither an input nor an output of the program.");

    public void Dispose() => own.ForEach(static b => b.Dispose());
}
