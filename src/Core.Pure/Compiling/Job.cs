using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>A value's place while a program is lowered; later a buffer.</summary>
sealed class Storage(int id, TensorType type)
{
    public int Id { get; } = id;
    public TensorType Type { get; } = type;
    public Space Space { get; set; } = Space.Temporary;
    public string Name { get; set; } = "";

    /// <summary>The storage whose memory this one uses instead of its own.</summary>
    public Storage? SameAs { get; set; }
    public List<Job> Writers { get; } = [];
    public System.Collections.Generic.HashSet<Job> Readers { get; } = [];
    public Storage Root => SameAs is null ? this : SameAs.Root;
}

/// <summary>Something to schedule: the steps that write one value or a few.</summary>
sealed class Job(int id)
{
    public int Id { get; } = id;
    public List<PlanStep> Steps { get; } = [];
    readonly System.Collections.Generic.HashSet<Job> after = [];
    bool isFollowed;

    public IReadOnlyCollection<Job> After => after;
    public int Level { get; set; }

    /// <summary>Makes this job run after another.</summary>
    public void Follow(Job other)
    {
        if (after.Add(other)) other.isFollowed = true;
    }

    /// <summary>Whether it depends on <paramref name="other"/>.</summary>
    public bool Reaches(Job other)
    {
        if (this != other && !other.isFollowed) return false;
        var (seen, stack) = (new System.Collections.Generic.HashSet<Job>(), new Stack<Job>([this]));
        while (stack.TryPop(out var job))
        {
            if (job == other) return true;
            foreach (var before in job.after)
                if (seen.Add(before)) stack.Push(before);
        }
        return false;
    }
}

/// <summary>Which views a step reads and writes.</summary>
static class StepViews
{
    public static IEnumerable<View> Reads(this PlanStep step) => step switch
    {
        PlanStep.Pointwise s => s.Inputs,
        PlanStep.Reduction s => s.Inputs,
        PlanStep.MatMul s => [s.A, s.B, .. s.Inputs],
        PlanStep.Gather s => [s.Table, s.Indices],
        PlanStep.ScatterAdd s => [s.Indices, s.Updates],
        PlanStep.ArgMax s => [s.Input],
        PlanStep.CumSum s => [s.Input],
        PlanStep.Fused s => s.Inputs,
        _ => [],
    };

    public static IEnumerable<View> Writes(this PlanStep step) => step switch
    {
        PlanStep.Pointwise s => s.Outputs,
        PlanStep.Reduction s => [s.Output],
        PlanStep.MatMul s => [s.C, .. s.Outputs],
        PlanStep.Gather s => [s.Output],
        PlanStep.ScatterAdd s => [s.Target],
        PlanStep.ArgMax s => [s.Output],
        PlanStep.CumSum s => [s.Output],
        PlanStep.Fused s => s.Outputs.Where(static v => v is not null).Select(static v => v!.Value),
        _ => [],
    };

    /// <summary>The step with every view's buffer renumbered.</summary>
    public static PlanStep OnBuffers(this PlanStep step, Func<View, View> at) => step switch
    {
        PlanStep.Pointwise s => s with { Inputs = s.Inputs.Map(at), Outputs = s.Outputs.Map(at) },
        PlanStep.Reduction s => s with { Inputs = s.Inputs.Map(at), Output = at(s.Output) },
        PlanStep.MatMul s => s with { A = at(s.A), B = at(s.B), C = at(s.C), Inputs = s.Inputs.Map(at), Outputs = s.Outputs.Map(at) },
        PlanStep.Gather s => new PlanStep.Gather(at(s.Table), at(s.Indices), at(s.Output)),
        PlanStep.ScatterAdd s => new PlanStep.ScatterAdd(at(s.Target), at(s.Indices), at(s.Updates)),
        PlanStep.ArgMax s => new PlanStep.ArgMax(at(s.Input), at(s.Output)),
        PlanStep.CumSum s => new PlanStep.CumSum(at(s.Input), at(s.Output)),
        PlanStep.Fused s => s with { Inputs = s.Inputs.Map(at), Outputs = s.Outputs.Map(v => v is { } view ? at(view) : (View?)null) },
        _ => step,
    };
}
