using Functional.Base;
using Functional.Runs;

namespace Functional.Logs;

/// <summary>
/// Somebody who is told of a run. What it throws ends it and not the run; a fault that comes later, from work in the background, it keeps until it is asked.
/// </summary>
interface ILog : IDisposable
{
    /// <summary>What people call it.</summary>
    string Name { get; }

    /// <summary>What went wrong in the background, once; nothing while all is well.</summary>
    Fault? Fault => null;

    /// <summary>Takes a record.</summary>
    void Write(LogRecord record);
}
