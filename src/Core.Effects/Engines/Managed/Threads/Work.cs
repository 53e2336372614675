namespace Functional.Engines.Managed;

/// <summary>Something that a <see cref="ThreadTeam"/> does in numbered, independent tasks.</summary>
internal abstract class Work
{
    /// <summary>
    /// Does task <paramref name="task"/> on worker <paramref name="worker"/>. The result may depend on the task only: the worker names scratch
    /// memory, nothing else.
    /// </summary>
    public abstract void Run(int task, int worker);
}
