namespace Functional;

/// <summary>By what the best of several texts is chosen.</summary>
public enum BestBy
{
    /// <summary>The mean log-probability of its tokens.</summary>
    Mean,
    /// <summary>The sum of them, which likes short texts.</summary>
    Sum,
}
