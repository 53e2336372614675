using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>A plan that waits for its buffers.</summary>
internal sealed class ManagedExecutable(ManagedEngine engine, Plan plan) : IExecutable
{
    public Plan Plan => plan;

    public Program Program => plan.Program;

    public long WorkspaceBytes => plan.ArenaBytes;

    public IBinding Bind(IReadOnlyDictionary<string, IBuffer> buffers)
    {
        var bound = BoundBuffers<ManagedBuffer>.Of(Program, buffers, type => new(engine, type), static _ => true);
        try
        {
            return new ManagedBinding(engine, plan, bound);
        }
        catch
        {
            bound.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
    }
}

/// <summary>A plan on its buffers: kernels with all addresses resolved. A run allocates nothing.</summary>
internal sealed unsafe class ManagedBinding : IBinding
{
    readonly ManagedEngine engine;
    readonly Plan plan;
    readonly BoundBuffers<ManagedBuffer> buffers;
    Step[] steps = [];
    int arenaVersion = -1;

    public ManagedBinding(ManagedEngine engine, Plan plan, BoundBuffers<ManagedBuffer> buffers)
    {
        (this.engine, this.plan, this.buffers) = (engine, plan, buffers);
        Resolve();
    }

    /// <summary>The kernels in order.</summary>
    internal IReadOnlyList<Step> Steps => steps;

    public IBuffer this[string name] => buffers[name];

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
        engine.Reserve(plan.ArenaBytes, steps.Select(static s => s.WorkspaceBytes).DefaultIfEmpty().Max(),
            steps.Select(static s => s.Registers).DefaultIfEmpty().Max());
        arenaVersion = engine.ArenaVersion;
    }

    byte* Address(PlanBuffer buffer) => buffer.Space switch
    {
        Space.Input => buffers.Input(buffer.Name).Pointer,
        Space.Output => buffers.Output(buffer.Name).Pointer,
        _ => engine.Arena + buffer.Offset,
    };

    public void Dispose() => buffers.Dispose();
}
