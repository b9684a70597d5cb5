//! Permutations.

/// All permutations of the items.
pub(crate) fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut orders = vec![Vec::new()];
    for item in items {
        let longer = orders.iter().flat_map(|order: &Vec<T>| {
            (0..=order.len()).map(|at| {
                let mut longer = order.clone();
                longer.insert(at, item.clone());
                longer
            })
        });
        orders = longer.collect();
    }
    orders
}
