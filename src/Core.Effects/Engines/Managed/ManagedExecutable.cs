namespace Functional.Engines;

/// <summary>A plan that waits for its buffers.</summary>
internal sealed class ManagedExecutable(ManagedEngine engine, Plan plan) : IExecutable
{
    public Plan Plan => plan;

    public Program Program => plan.Program;

    public long WorkspaceBytes => plan.ArenaBytes;

    public IBinding Bind(IReadOnlyDictionary<string, IBuffer> buffers)
    {
        var known = new Dictionary<string, ManagedBuffer>();
        var donors = Program.Donations.ToDictionary(static d => d.Output, static d => d.Input);
        foreach (var input in Program.Inputs) known.Add("<" + input.Name, Given(buffers, input.Name, input.Value.Type) ?? throw new ArgumentException($"input '{input.Name}' {input.Value.Type} has no buffer."));
        if (buffers.Keys.FirstOrDefault(n => Program.Inputs.All(i => i.Name != n) && Program.Outputs.All(o => o.Name != n)) is { } unknown)
            throw new ArgumentException($"'{unknown}' is neither an input nor an output of the program.");
        var own = new List<ManagedBuffer>();
        try
        {
            foreach (var (name, value) in Program.Outputs)
            {
                if (donors.TryGetValue(name, out var donor))
                {
                    known.Add(">" + name, known["<" + donor]);
                    continue;
                }
                var isInput = known.ContainsKey("<" + name);
                if ((isInput ? null : Given(buffers, name, value.Type)) is not { } buffer) own.Add(buffer = new ManagedBuffer(engine, value.Type));
                known.Add(">" + name, buffer);
            }
            return new ManagedBinding(engine, plan, known, own);
        }
        catch
        {
            foreach (var buffer in own) buffer.Dispose();
            throw;
        }
    }

    static ManagedBuffer? Given(IReadOnlyDictionary<string, IBuffer> buffers, string name, TensorType type) => !buffers.TryGetValue(name, out var buffer) ? null
        : buffer is not ManagedBuffer managed ? throw new ArgumentException($"the buffer of '{name}' is another engine's.")
        : buffer.Type != type ? throw new ArgumentException($"'{name}' is {type}, but its buffer is {buffer.Type}.")
        : managed;

    public void Dispose()
    {
    }
}

/// <summary>A plan on its buffers: kernels with all addresses resolved. A run allocates nothing.</summary>
internal sealed unsafe class ManagedBinding : IBinding
{
    readonly ManagedEngine engine;
    readonly Plan plan;
    readonly Dictionary<string, ManagedBuffer> buffers;
    readonly List<ManagedBuffer> own;
    Step[] steps = [];
    int arenaVersion = -1;

    public ManagedBinding(ManagedEngine engine, Plan plan, Dictionary<string, ManagedBuffer> buffers, List<ManagedBuffer> own)
    {
        (this.engine, this.plan, this.buffers, this.own) = (engine, plan, buffers, own);
        Resolve();
    }

    /// <summary>The kernels in order.</summary>
    internal IReadOnlyList<Step> Steps => steps;

    /// <summary>An output's buffer; else an input's.</summary>
    public IBuffer this[string name] => buffers.TryGetValue(">" + name, out var buffer) || buffers.TryGetValue("<" + name, out buffer)
        ? buffer : throw new ArgumentException($"'{name}' is neither an input nor an output of the program.");

    public void Run()
    {
        if (arenaVersion != engine.ArenaVersion) Resolve();
        foreach (var step in steps) step.Run(engine);
    }

    void Resolve()
    {
        engine.Reserve(plan.ArenaBytes, 0, 0);
        var addresses = new nint[plan.Buffers.Count];
        for (var i = 0; i < addresses.Length; i++) addresses[i] = (nint)Address(plan.Buffers[i]);
        steps = [.. plan.Steps.Select(s => StepFactory.Make(s, v => (byte*)addresses[v.Buffer] + v.Offset * v.DType.Size()))];
        engine.Reserve(plan.ArenaBytes, steps.Select(static s => s.WorkspaceBytes).DefaultIfEmpty().Max(), steps.Select(static s => s.Registers).DefaultIfEmpty().Max());
        arenaVersion = engine.ArenaVersion;
    }

    byte* Address(PlanBuffer buffer) => buffer.Space switch
    {
        Space.Input => buffers["<" + buffer.Name].Pointer,
        Space.Output => buffers[">" + buffer.Name].Pointer,
        _ => engine.Arena + buffer.Offset,
    };

    public void Dispose()
    {
        foreach (var buffer in own) buffer.Dispose();
    }
}
